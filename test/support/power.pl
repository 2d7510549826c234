# power.pl BIN CARD K OPC KIC KID PIN1 PUK1 ROUNDS - `uicc run` killed (-9) in the middle of commands, again
# and again: rows C5, C13, C14, C15 and C27 of the requirement list. After each kill: a PIN try is never
# won back, what was answered with 9000 is there, what was not is there wholly or not at all, a packet
# runs once with its counter, and a sequence number that was accepted is not accepted again.
use strict;
use warnings;
use File::Temp 'tempdir';
use Time::HiRes 'usleep';
require './test/support/kit.pl';

my ($bin, $card, $k, $opc, $kic, $kid, $pin, $puk, $rounds) = @ARGV;
($k, $opc, $kic, $kid) = map { pack 'H*', $_ } $k, $opc, $kic, $kid;
my $work = tempdir(CLEANUP => 1);
my ($passed, $failed, $pid, $s) = (0, 0);
srand 13;

sub check {
    my ($what, $good) = @_;
    $good ? $passed++ : $failed++;
    print $good ? "ok      $what\n" : "FAILED: $what\n";
}

sub power_on {
    $pid = fork // die;
    if (!$pid) {
        open STDERR, '>', "$work/log";
        exec "$bin/uicc", 'run', $card, '--socket', "$work/s";
        die;
    }
    $s = reader("$work/s");
}

sub power_off {
    kill 'KILL', $pid;
    waitpid $pid, 0;
    unlink "$work/s";
}

# Send commands in one piece and pull the plug a moment later; the answers that came before.
sub cut {
    my ($moment_us, @commands) = @_;
    my (@answers, $bytes);
    syswrite $s, join '', map { pack('n', length) . $_ } @commands;
    usleep($moment_us) if $moment_us;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    unlink "$work/s";
    $bytes = '';
    1 while sysread $s, $bytes, 65536, length $bytes;
    while (length $bytes >= 2 && length $bytes >= 2 + unpack 'n', $bytes) {
        my $n = unpack 'n', $bytes;
        push @answers, substr $bytes, 2, $n;
        substr $bytes, 0, 2 + $n, '';
    }
    power_on();
    return @answers;
}

sub moment { return int rand 1500 }

# ---- PIN tries ----

sub tries { return (run($s, pack 'H*', '0020000100'))[1] & 0xF * ((run($s, pack 'H*', '0020000100'))[1] >> 4 == 0x63C) }

sub verify { return pack('H*', '0020000108') . pack 'a8', $_[0] . "\xFF" x (8 - length $_[0]) }

sub pin_tries {
    my ($won_back, $answered, $lost_right) = (0, 0, 0);
    for (1 .. $rounds) {
        my $before = tries();
        if ($before == 0) {
            run($s, pack('H*', '002C000110') . $puk . pack 'a8', $pin . "\xFF" x (8 - length $pin));
            $before = tries();
        }
        my ($answer) = cut(moment(), verify('0000'));
        my $now = tries();
        $answered++ if defined $answer;
        $won_back++ if $now > $before || (defined $answer && $now != (unpack('n', $answer) & 0xF)) || $now < $before - 1;
    }
    check("sec_C13 wrong PINs with a kill -9: tries won back $won_back of $rounds ($answered were answered)", $won_back == 0);
    for (1 .. $rounds) {
        my $before = tries();
        if ($before < 2) {
            run($s, pack('H*', '002C000110') . $puk . pack 'a8', $pin . "\xFF" x (8 - length $pin));
            run($s, verify('0000'));
            $before = tries();
        }
        my ($answer) = cut(moment(), verify($pin));
        my $now = tries();
        # all tries back, or one taken, or nothing happened; and all back if it was said
        $lost_right++ if !($now == 3 || $now == $before - 1 || $now == $before) || (defined $answer && $now != 3);
    }
    check("sec_C13 right PINs with a kill -9: states that are none $lost_right of $rounds", $lost_right == 0);
    run($s, pack('H*', '002C000110') . $puk . pack 'a8', $pin . "\xFF" x (8 - length $pin));
}

# ---- writes ----

sub updates {
    my ($wrong, $acknowledged, $value) = (0, 0, 0);
    for (1 .. $rounds) {
        run($s, verify($pin));
        run($s, '00A4040C07A0000000871002');
        run($s, '00A4000C026F7B');    # EF.FPLMN, 12 bytes, PIN1
        my @values = map { $value + $_ } 1 .. 40;
        my @answers = cut(moment() * 3, map { pack('H*', '00D600000C') . pack 'n6', ($_) x 6 } @values);
        run($s, verify($pin));
        run($s, '00A4040C07A0000000871002');
        run($s, '00A4000C026F7B');
        my @now = unpack 'n6', (run($s, '00B000000C'))[0];
        my $said = grep { unpack('n', $_) == 0x9000 } @answers;
        $acknowledged += $said;
        my $known = $value + $said;
        $wrong++ if grep({ $_ != $now[0] } @now) || ($now[0] != 0xFFFF && $now[0] > $values[-1])
            || ($known > 0 && ($now[0] == 0xFFFF || $now[0] < $known));
        $value = $now[0] == 0xFFFF ? 0 : $now[0];
    }
    check("sec_C14 rows of updates with a kill -9: lost or torn $wrong of $rounds ($acknowledged were acknowledged)",
        $wrong == 0 && $acknowledged > 0);
}

# ---- packets ----

sub packets {
    my ($wrong, $ran, $value) = (0, 0, 0x100);
    my $cntr = 1;
    for (1 .. $rounds) {
        run($s, '8010000014' . 'FF' x 20);
        $value++;
        my $packet = seal(cntr => $cntr, kic_key => $kic, kid_key => $kid,
            data => pack('H*', '00A4000C026F7B00D600000C') . pack 'n6', ($value) x 6);
        my ($answer) = cut(moment() / 8, envelope("\x02\x70\x00" . $packet));
        my $said = defined $answer && unpack('n', substr $answer, -2) >> 8 == 0x61;
        run($s, verify($pin));
        run($s, '00A4040C07A0000000871002');
        run($s, '00A4000C026F7B');
        my @now = unpack 'n6', (run($s, '00B000000C'))[0];
        my $there = !grep { $_ != $value } @now;
        my $part = !$there && grep { $_ == $value } @now;
        run($s, '8010000014' . 'FF' x 20);
        my $r = open_proof((deliver($s, $packet))[0], $kic, $kid);
        # once: either it had run and is refused as low, or it had not and runs now
        $wrong++ if $part || ($said && !$there) || !$r || $r->{rsc} != ($there ? 2 : 0);
        $ran++ if $there;
        $cntr++;
    }
    check("sec_C5 sec_C15 packets with a kill -9: burnt, run twice or torn $wrong of $rounds ($ran ran before it)", $wrong == 0);
}

# ---- AKA: Milenage (TS 35.206) by kit.pl's AES ----

sub rotate {
    my ($block, $bytes) = @_;
    return substr($block, $bytes) . substr $block, 0, $bytes;
}

sub autn {
    my ($rand, $sqn) = @_;
    my $w = aes_schedule($k);
    my $temp = aes_encrypt($w, $rand ^ $opc);
    my $sqn_amf = pack('nN', $sqn >> 32, $sqn & 0xFFFFFFFF) . "\x80\0";
    my $f1 = $opc ^ aes_encrypt($w, $temp ^ rotate($sqn_amf x 2 ^ $opc, 8));
    my $f2 = $opc ^ aes_encrypt($w, ($temp ^ $opc) ^ "\0" x 15 . "\1");
    return ((substr($sqn_amf, 0, 6) ^ substr $f2, 0, 6) . "\x80\0" . substr $f1, 0, 8);
}

sub sequence_numbers {
    my ($accepted_twice, $answered) = (0, 0);
    for my $round (1 .. $rounds) {
        my $rand = pack 'N4', map { int rand 2**32 } 1 .. 4;
        my $command = pack('H*', '0088008122') . "\x10" . $rand . "\x10" . autn($rand, $round * 32);
        run($s, verify($pin));
        run($s, '00A4040C07A0000000871002');
        my ($answer) = cut(moment(), $command);
        run($s, verify($pin));
        run($s, '00A4040C07A0000000871002');
        my ($data) = run($s, $command);
        my $said = defined $answer && unpack('n', $answer) >> 8 == 0x61;
        $answered++ if $said;
        $accepted_twice++ if length $data < 16 || ($said && ord $data != 0xDC);
        ($data) = run($s, $command);
        $accepted_twice++ if ord $data != 0xDC;
    }
    check("sec_C27 challenges with a kill -9: accepted twice $accepted_twice of $rounds ($answered were answered)",
        $accepted_twice == 0);
}

power_on();
pin_tries();
updates();
packets();
sequence_numbers();
power_off();
print "$passed passed, $failed failed\n";
exit($failed == 0 && $passed > 0 ? 0 : 1);
