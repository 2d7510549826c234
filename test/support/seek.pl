# seek.pl WHERE... < NEEDLES - how often secrets occur in files, folders and the memory of processes
# (a number). NEEDLES: a name and hex digits a line. Each is looked for as it is, reversed, as hex in
# either case, and as base64 at each of the three places it can begin. Prints what it finds, and at
# last "N found"; exit status 0 when nothing was.
use strict;
use warnings;
no warnings "portable";    # addresses have 64 bits
use File::Find;
use MIME::Base64;

my (%forms, $found);
while (<STDIN>) {
    my ($name, $hex) = /^(\S+)\s+([0-9A-Fa-f]+)\s*$/ or next;
    my $raw = pack 'H*', $hex;
    my %f = (raw => $raw, reversed => scalar reverse($raw), 'hex' => lc $hex, HEX => uc $hex);
    for my $shift (0 .. 2) {
        my $text = encode_base64("\0" x $shift . $raw, '');
        my $from = $shift == 0 ? 0 : $shift + 1;    # what the bytes in front have no part in
        my $to = int((length($raw) + $shift) * 8 / 6);
        $f{"base64 at $shift"} = substr $text, $from, $to - $from;
    }
    $forms{"$name $_"} = $f{$_} for keys %f;
}
die "no needles\n" if !%forms;
my $any = join '|', map { quotemeta } values %forms;
my $pattern = qr/$any/s;

sub look {
    my ($where, $bytes) = @_;
    while ($$bytes =~ /($pattern)/g) {
        my ($name) = grep { $forms{$_} eq $1 } sort keys %forms;
        printf "%s+%x: %s\n", $where, $-[0], $name;
        $found++;
        pos($$bytes) = $-[0] + 1;
    }
}

sub look_at_memory {
    my ($pid) = @_;
    my $cut = 0;
    open my $maps, '<', "/proc/$pid/maps" or die "/proc/$pid/maps: $!\n";
    open my $memory, '<:raw', "/proc/$pid/mem" or die "/proc/$pid/mem: $!\n";
    while (<$maps>) {
        my ($from, $to, $name) = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \d+ *(.*)/ or next;
        ($from, $to) = (hex $from, hex $to);
        next if $name =~ /^\[v/;
        my $bytes;
        sysseek $memory, $from, 0 or next;
        (sysread($memory, $bytes, $to - $from) // 0) == $to - $from or next;
        look("$pid $name", \$bytes);
        $cut++;
    }
    die "nothing of process $pid can be read\n" if !$cut;
}

sub look_at_file {
    open my $f, '<:raw', $_[0] or return;
    local $/;
    my $bytes = <$f>;
    look($_[0], \$bytes) if defined $bytes;
}

$found = 0;
for my $where (@ARGV) {
    if ($where =~ /^\d+$/) {
        look_at_memory($where);
    } else {
        find({no_chdir => 1, wanted => sub { look_at_file($_) if -f }}, $where);
    }
}
print "$found found\n";
exit($found == 0 ? 0 : 1);
