# attacks.pl BIN CARD KIC KID ADM1 - what SIMTester, Nohl, S@T hunters and their like try on a card, by
# somebody who shares no line of code with it (kit.pl): rows C1 to C12, C17, C18, C20, C21 and C31 of
# the requirement list, each with its figure. CARD is powered by `uicc run`, and killed, again and
# again. The effect of a packet is EF.ACC; whether its counter moved is seen by a packet with counter 1.
use strict;
use warnings;
use File::Temp 'tempdir';
use List::Util 'shuffle';
require './test/support/kit.pl';

my ($bin, $card, $kic, $kid, $adm1) = @ARGV;
($kic, $kid) = map { pack 'H*', $_ } $kic, $kid;
my $work = tempdir(CLEANUP => 1);
my ($passed, $failed, $pid, $s) = (0, 0);
srand 20;
$| = 1;

sub check {
    my ($what, $good) = @_;
    $good ? $passed++ : $failed++;
    print $good ? "ok      $what\n" : "FAILED: $what\n";
}

# ---- the card ----

sub power_on {
    $pid = fork // die;
    if (!$pid) {
        open STDERR, '>', "$work/log";
        exec "$bin/uicc", 'run', $card, '--socket', "$work/s";
        die;
    }
    $s = reader("$work/s");
    run($s, '8010000014' . 'FF' x 20);
}

sub power_off {
    my ($signal) = @_;
    kill $signal, $pid;
    waitpid $pid, 0;
    unlink "$work/s";
}

sub reset_card { syswrite $s, "\0\1\2" }

sub rss {
    open my $f, '<', "/proc/$pid/status" or return 0;
    return (grep { /^VmRSS/ } <$f>)[0] =~ /(\d+)/ ? $1 : 0;
}

sub select_usim { run($s, '00A4040C07A0000000871002') }

sub acc {
    select_usim();
    run($s, '00A4000C026F78');
    return unpack 'H*', (run($s, '00B0000002'))[0];
}

# ---- packets ----

# Each executed packet writes another value, so that none hides behind an earlier one.
my $value = 0;
sub update { return pack 'H*', sprintf '00A4000C026F7800D6000002%04X', $value = ($value + 1) % 0x8000 }

sub good {
    return seal(kic_key => $kic, kid_key => $kid, data => update(), @_);
}

sub proof { return open_proof((deliver($s, $_[0]))[0], $kic, $kid) }

my $next = 1;
my $executed = 0;

# Deliver what must not run: counts it if it did. The answer.
sub harmless {
    my ($packet) = @_;
    my $before = acc();
    my ($data, $sw) = deliver($s, $packet);
    $executed++ if acc() ne $before;
    return $data;
}

# What was tried up to here did nothing: the next counter is still good.
sub nothing_moved {
    my ($what) = @_;
    my $r = proof(good(cntr => $next));
    check("$what: the counter has not moved, a good packet runs", $r && $r->{authentic} && $r->{rsc} == 0);
    $next++;
    $executed = 0;
}

# RPL 0B.. 0A: header, TAR, no counter, no CC, one code.
sub tells_nothing {
    my ($answer) = @_;
    return $answer eq '' || (length $answer == 16 && substr($answer, 0, 6) eq "\x02\x71\x00\x00\x0B\x0A"
        && substr($answer, 9, 6) eq "\0" x 6);
}

# ---- rows ----

sub c1_oracles {
    my ($told, $tried) = (0, 0);
    for my $tar (qw(000000 B00000 B00001 B00010 BFFF00 B20100 505348 534054 123456)) {
        for my $set (0 .. 15) {
            for my $algorithm (0x0, 0x1, 0x2, 0x5, 0x9, 0xD) {
                for my $spi ([0x16, 0x39], [0x12, 0x19], [0x06, 0x01], [0x02, 0x09], [0x01, 0x05]) {
                    my $ud = pack 'H*', sprintf '02700000251516%02X%02X%02X%s', $spi->[1], ($set << 4 | $algorithm) x 2,
                        $tar . '5A' x 26;
                    substr $ud, 6, 1, chr $spi->[0];
                    my ($data) = run($s, envelope($ud));
                    $tried++;
                    $told++ if !tells_nothing($data);
                }
            }
        }
    }
    check("sec_C1 unauthenticated packets that got more than a code: $told of $tried", $told == 0 && $tried >= 4000);
    nothing_moved('C1');
}

sub openssl {
    my ($mode, $cipher, $key, $data) = @_;
    open my $out, '>:raw', "$work/in" or die;
    print $out $data;
    close $out;
    my $iv = $cipher =~ /ecb/ ? '' : '-iv 0000000000000000';
    my $hex = unpack 'H*', $key;
    my $got = `openssl enc $mode -$cipher -nopad -K $hex $iv -provider default -provider legacy -in $work/in`;
    die "openssl has no $cipher\n" if length $got != length $data;
    return $got;
}

# The same key bytes under a weaker algorithm, as the packet says.
sub weaker {
    my ($nibble, $key, $data) = @_;
    return cbc($key, $data) if $nibble == 2;
    my ($cipher, $len) = @{{1 => ['des-cbc', 8], 5 => ['des-ede-cbc', 16], 9 => ['des-ede3-cbc', 24],
        0xD => ['des-ecb', 8]}->{$nibble}};
    $data .= "\0" x (-length($data) % 8);
    return openssl('-e', $cipher, substr($key . $key, 0, $len), $data);
}

sub c2_downgrades {
    my ($tried, $told) = (0, 0);
    for my $c (1, 5, 9, 0xD, 2) {
        for my $d (1, 5, 9, 0xD, 2) {
            next if $c == 2 && $d == 2;
            my $answer = harmless(good(cntr => 900, kic => 0x10 | $c, kid => 0x10 | $d, block => $c == 2 ? 16 : 8,
                cipher => sub { weaker($c, @_) },
                check => $d == 2 ? \&cmac : sub { substr weaker($d, @_), -8 }));
            $told++ if !tells_nothing($answer);
            $tried++;
        }
    }
    for my $spi1 (0x00, 0x01, 0x04, 0x05, 0x14, 0x15, 0x11, 0x10, 0x03) {
        my $answer = harmless(good(cntr => 900, spi1 => $spi1, kid => ($spi1 & 3) == 1 ? 0x15 : 0x12));
        $told++ if !tells_nothing($answer);
        $tried++;
    }
    check("sec_C2 sec_C7 downgrades executed: $executed of $tried, answered with more than a code: $told",
        $executed == 0 && $told == 0 && $tried == 33);
    nothing_moved('C2');
}

sub c3_tar_scan {
    my %answers;
    my @tars = (map({ sprintf '%06X', $_ * 65521 % 0x1000000 } 1 .. 1500),
        map({ sprintf 'B0%04X', $_ } 0 .. 0x1F), map({ sprintf 'BFFF%02X', $_ } 0 .. 0xFF),
        map({ sprintf 'B201%02X', $_ } 0 .. 0xFF), qw(000000 505348 534054 B20000));
    for my $tar (@tars) {
        for my $spi1 (0x00, 0x01, 0x02) {
            my ($data) = run($s, envelope(pack 'H*', sprintf '027000001D0D%02X011212%s%s', $spi1, $tar, '00' x 20));
            substr $data, 6, 3, '' if length $data == 16;
            $answers{unpack 'H*', $data}++;
        }
    }
    my $tried = 3 * @tars;
    check(sprintf("sec_C3 sec_C4 distinct answers to %d packets without security: %d", $tried, scalar keys %answers),
        1 == keys %answers);
    nothing_moved('C3');
}

sub c5_replays {
    my $packet = good(cntr => $next++);
    my $r = proof($packet);
    check('sec_C5 the packet runs once', $r && $r->{rsc} == 0);
    my $ran = acc();
    my $low = 0;
    run($s, '002000' . '0A08' . $adm1);
    for my $way (qw(at_once reset KILL TERM)) {
        if ($way eq 'reset') {
            reset_card();
        } elsif ($way ne 'at_once') {
            power_off($way);
            power_on();
        }
        select_usim();
        run($s, '00A4000C026F78');
        run($s, '0020000A08' . $adm1);
        run($s, '00D60000027FFF');
        $r = proof($packet);
        $low++ if $r && $r->{authentic} && $r->{rsc} == 2 && acc() eq '7fff';
    }
    check("sec_C5 replays refused as counter low, and not executed: $low of 4", $low == 4 && $ran ne '7fff');
}

sub c6_counter_modes {
    my $refused = 0;
    for my $spi1 (0x06, 0x0E, 0x02, 0x0A) {
        my $r = open_proof(harmless(good(cntr => 900, spi1 => $spi1)), $kic, $kid);
        $refused++ if $r && $r->{rsc} == 0x0A;
    }
    check("sec_C6 packets without replay protection, rightly signed, executed: $executed of 4", $executed == 0 && $refused == 4);
    nothing_moved('C6');
}

sub c8_answers {
    my (%answers, $tried);
    my $packet = good(cntr => 900);
    my $n = length $packet;
    my @bad = map { my $p = $packet; substr $p, 10, $n - 10, join '', map { chr int rand 256 } 11 .. $n; $p } 1 .. 200;
    push @bad, map { my $p = $packet; substr($p, $n - $_, 1) ^= "\x40"; $p } 1 .. 16;
    push @bad, map { good(cntr => 900, pcntr => $_) ^ ("\0" x ($n - 1) . "\1") } 0 .. 255;
    push @bad, map { good(cntr => $_, kid_key => $kic) } 0, 1, 900, 2**40 - 1;
    push @bad, map { good(cntr => $_, kic_key => $kid) } 0, 1, 900, 2**40 - 1;
    for my $p (@bad) {
        my ($data, $sw) = deliver($s, $p);
        $answers{unpack('H*', $data) . $sw}++;
        $tried++;
    }
    check(sprintf("sec_C8 distinct answers to %d packets that do not authenticate: %d", $tried, scalar keys %answers),
        1 == keys %answers);
    nothing_moved('C8');
}

sub c9_bit_flips {
    my $packet = good(cntr => $next, data => update() x 2);
    my $bits = 8 * length $packet;
    my $told = 0;
    my $before = acc();
    for my $bit (0 .. $bits - 1) {
        my $p = $packet;
        vec($p, $bit, 1) ^= 1;
        my ($data) = deliver($s, $p);
        $told++ if !tells_nothing($data);
    }
    check("sec_C9 flipped bits that did something, or were told more than a code: $told of $bits",
        $told == 0 && $bits >= 400 && acc() eq $before);
    my $r = proof($packet);
    check('sec_C9 the original is still good', $r && $r->{rsc} == 0);
    $next++;
}

sub c10_short_checks {
    my $tried = 0;
    for my $len (0 .. 7) {
        for my $chl (13 + $len, 21) {
            harmless(good(cntr => 900, cc_len => $len, chl => $chl));
            $tried++;
        }
    }
    check("sec_C10 checksums cut to 0 to 7 bytes, executed: $executed of $tried", $executed == 0 && $tried == 16);
    nothing_moved('C10');
}

sub c12_key_mix {
    my ($tried, $told) = (0, 0);
    my @mix = map { my $i = $_; map { [$i, $_] } 0 .. 15 } 0 .. 15;
    for my $m (grep { !($_->[0] == 1 && $_->[1] == 1) } @mix) {
        my $answer = harmless(good(cntr => 900, kic => $m->[0] << 4 | 2, kid => $m->[1] << 4 | 2));
        $told++ if !tells_nothing($answer);
        $tried++;
    }
    for my $keys ([$kid, $kic], [$kic, $kic], [$kid, $kid], ["\0" x 16, "\0" x 16]) {
        $told++ if !tells_nothing(harmless(good(cntr => 900, kic_key => $keys->[0], kid_key => $keys->[1])));
        $tried++;
    }
    for my $tar (qw(B20101 123456 BFFF01 B00002 000001 505348 534054 FFFFFF)) {
        harmless(good(cntr => 900, tar => $tar));
        $tried++;
    }
    check("sec_C12 mixed keys and foreign TARs, executed: $executed of $tried, answered with more than a code: $told",
        $executed == 0 && $told == 0 && $tried == 267);
    nothing_moved('C12');
}

sub c17_flood {
    my $packet = good(cntr => 900);
    my $before = rss();
    for (1 .. 5000) {
        substr($packet, 10 + int rand(length($packet) - 10), 1) = chr int rand 256;
        deliver($s, $packet);
    }
    my $grown = rss() - $before;
    check("sec_C17 5000 bad packets: $grown KiB more memory", $grown < 64);
    nothing_moved('C17');
}

sub c18_fragments {
    my $before = rss();
    for my $i (0 .. 767) {
        my $n = $i % 3 + 1;
        run($s, envelope(pack('C*', $n == 1 ? (7, 0, 3, $i % 256, 4, $n, 0x70, 0) : (5, 0, 3, $i % 256, 4, $n)) . 'x' x 130));
    }
    my $grown = rss() - $before;
    check("sec_C18 768 open fragments over 256 references: $grown KiB more memory", $grown < 1024);
    my $ran = 0;
    my $long = sub { my ($n) = @_; return good(cntr => $next, data => update() x 20) };
    for my $round (1 .. 8) {
        my @parts = parts($long->(), $round);
        my ($data, $sw);
        # out of order, doubled, and the header that says "command packet" wherever it comes
        for my $part (shuffle(@parts), $parts[0]) {
            my ($d) = run($s, envelope($part));
            $data = $d if length $d;
        }
        my $r = open_proof($data // '', $kic, $kid);
        if ($r && $r->{rsc} == 0) {
            $ran++;
            $next++;
        }
    }
    check("sec_C18 long packets in any order, with a part doubled: $ran of 8 ran", $ran == 8);
}

sub c20_odd_states {
    my $alive = 0;
    my @odd = ('80140000 0C 810301130082028281830100', '8012000010', '80120000FF', '8012000000', '80C20000 02 D100',
        '80C20000 04 D1020000', '80C20000 0A D1088202838186028100', '00C0000010', '01C0000010', '80140000 00',
        '8014000001 81', '80100000 00', '00A40404 11 A00000008710020000000000000000000000', '00D6000001 00',
        '00A2010400', '80760000 00', '00700000 01', '80AA0000 02 A900', '00A40000 00', '0089000000');
    for my $round (1 .. 3) {
        for (@odd) {
            my ($data, $sw) = exchange($s, pack 'H*', s/ //gr);
            $alive++ if $sw >= 0x6100;
        }
        reset_card() if $round == 1;
        if ($round == 2) {
            power_off('TERM');
            power_on();
        }
    }
    check("sec_C20 commands out of turn that were answered: $alive of 60", $alive == 60);
    nothing_moved('C20');
}

# Each command that could ruin a card, on each kind of file, by somebody without a key.
sub c21_bricking {
    my @files = ('3F00', '2FE2', '2F00', '2F06', '7FFF', '7FFF6F07', '7FFF6F38', '7FFF6FAD', '7F106F3A', '7FFF5FC04F07');
    my @ruin = ('00E40000 02 2FE2', '00E40000 02 6F07', '00E60000 00', '00E80000 00', '80E60000 00', '80E80000 00', '00FE0000 00',
        '80FE0000 00', '00040000 00', '00440000 00', '80D40000 08 8306 83022FE28002', '00D60000 01 FF', '00DC0104 01 FF',
        '00E00000 19 62178202412183026F998A01058B032F06058002000A880148', '80320004 03 000001', '80E40000 08 4F06A00000015100',
        '80F04000 01 7F', '80E2800003 010203', '80D80181 03 010203');
    my ($allowed, $tried) = (0, 0);
    my $iccid = sub { run($s, '00A4080C022FE2'); return unpack 'H*', (run($s, '00B000000A'))[0] };
    my ($before, $changed) = ($iccid->(), 0);
    for my $file (@files) {
        for my $ruin (@ruin) {
            for my $cla (0, 0x80, 0xA0) {
                my $c = pack 'H*', $ruin =~ s/ //gr;
                select_usim();
                run($s, pack 'CCCCCH*', 0, 0xA4, 8, 0x0C, length($file) / 2, $file) if $file ne '3F00';
                run($s, '00A4000C023F00') if $file eq '3F00';
                substr($c, 0, 1) = chr $cla;
                my ($data, $sw) = exchange($s, $c);
                $allowed++ if $sw == 0x9000 || $sw >> 8 == 0x91;
                $tried++;
            }
        }
        $changed++ if $iccid->() ne $before;
    }
    check("sec_C21 ruinous commands without a right that were obeyed: $allowed of $tried", $allowed == 0);
    check('sec_C21 the ICCID is what it was', $changed == 0 && $iccid->() =~ /^9[48]/);
    reset_card();
    nothing_moved('C21');
}

sub c31_framing {
    my $good = 0;
    my $command = pack 'nH*', 7, '00A4000C022FE2';
    for my $size (1, 2, 3, 5, 8) {    # split
        for (unpack "(a$size)*", $command) {
            syswrite $s, $_;
            select undef, undef, undef, 0.002;
        }
        $good++ if unpack('n', take($s, unpack 'n', take($s, 2))) == 0x9000;
    }
    syswrite $s, $command x 50;       # pipelined
    my $answers = grep { unpack('n', take($s, unpack 'n', take($s, 2))) == 0x9000 } 1 .. 50;
    $good++ if $answers == 50;
    syswrite $s, "\0\1\x7F\0\1\3\0\0" . $command;    # unknown controls, an empty message
    $good++ if unpack('n', take($s, unpack 'n', take($s, 2))) == 0x9000;
    syswrite $s, "\0\1\4\0\1\4";                      # ATR, twice
    my ($first, $second) = map { take($s, unpack 'n', take($s, 2)) } 1, 2;
    $good++ if $first eq $second && $first =~ /^\x3B/;
    my $huge = pack('n', 65535) . "\0" x 65535;      # the longest there can be
    while (length $huge) {
        my $n = syswrite $s, $huge or last;
        substr $huge, 0, $n, '';
    }
    $good++ if unpack('n', take($s, unpack 'n', take($s, 2))) >> 8 == 0x67;
    syswrite $s, substr $command, 0, 4;              # half a message, and gone
    close $s;
    $s = reader("$work/s");
    run($s, '8010000014' . 'FF' x 20);
    $good++ if (run($s, '00A4000C022FE2'))[1] == 0x9000;
    check("sec_C31 ways to cut the stream that changed nothing: $good of 10", $good == 10);
    nothing_moved('C31');
}

power_on();
nothing_moved('C0');
c1_oracles();
c2_downgrades();
c3_tar_scan();
c5_replays();
c6_counter_modes();
c8_answers();
c9_bit_flips();
c10_short_checks();
c12_key_mix();
c17_flood();
c18_fragments();
c20_odd_states();
c21_bricking();
c31_framing();
power_off('TERM');
print "$passed passed, $failed failed\n";
exit($failed == 0 && $passed > 0 ? 0 : 1);
