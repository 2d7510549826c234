#include "tools/fleet/faults.h"

/* splitmix64, Steele, Lea, Flood 2014. */
uint64_t faults_draw(struct faults *f, uint64_t bound)
{
    uint64_t z = f->state += 0x9E3779B97F4A7C15ULL;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    return bound == 0 ? 0 : z % bound;
}

bool faults_hit(struct faults *f, unsigned percent)
{
    return percent > 0 && faults_draw(f, 100) < percent;
}
