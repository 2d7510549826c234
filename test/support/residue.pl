# residue.pl BIN CARD PID SOCKET KEYS - one card through its life: KEYS are K, OPc, KIc, KID and KIK of
# slot 1, in hex. After each key dies it is looked for in the memory of the process PID that runs the
# card, in the card's file and beside it; after each, too, the keys in force, which must be found
# (or seeking would find nothing ever). Row C26 of the requirement list.
use strict;
use warnings;
use File::Basename;
use IPC::Open2;
require './test/support/kit.pl';

my ($bin, $card, $pid, $socket, @hex) = @ARGV;
my @names = qw(K OPc KIc KID KIK);
my %slot1;
@slot1{@names} = map { pack 'H*', $_ } @hex;
my ($passed, $failed, $cntr, $sqn) = (0, 0, 0, 0);
my $s;

sub check {
    my ($what, $good) = @_;
    $good ? $passed++ : $failed++;
    print "FAILED: $what\n" if !$good;
}

sub seek_keys {
    my (%needles) = @_;
    my $child = open2(my $out, my $in, 'perl', 'test/support/seek.pl', $pid, dirname($card));
    print $in "$_ ", unpack('H*', $needles{$_}), "\n" for sort keys %needles;
    close $in;
    my @lines = <$out>;
    waitpid $child, 0;
    return @lines;
}

sub dead {
    my ($when, %needles) = @_;
    my @lines = seek_keys(%needles);
    my $n = $lines[-1] =~ /^(\d+) found/ ? $1 : -1;
    check("sec_C26 $when: " . join(', ', sort keys %needles) . " found $n times", $n == 0);
    print @lines if $n != 0;
}

sub alive {
    my (%needles) = @_;
    for my $name (sort keys %needles) {
        check("$name in force is seen", (seek_keys($name => $needles{$name}))[-1] !~ /^0 found/);
    }
}

sub random_key {
    open my $f, '<:raw', '/dev/urandom' or die;
    read $f, my $key, 16;
    return $key;
}

# ---- what servers and networks do ----

sub packet {
    my ($keys, $tar, $data, $index) = @_;
    my $packet = seal(tar => $tar, cntr => ++$cntr, data => $data, kic => $index << 4 | 2, kid => $index << 4 | 2,
        kic_key => $keys->{KIc}, kid_key => $keys->{KID});
    my $r = open_proof((deliver($s, $packet))[0], $keys->{KIc}, $keys->{KID});
    check("a packet for $tar is proved", $r && $r->{authentic} && $r->{rsc} == 0);
    return $r ? $r->{data} : '';
}

sub put_key {
    my ($old, $new) = @_;
    my $data = "\x01" . join '', map { "\x88\x11\x10" . cbc($old->{KIK}, $new->{$_}) . "\x03" . kcv($new->{$_}) } qw(KIc KID KIK);
    my $answer = packet($old, '000000', pack('H*', '80D80181') . chr(length $data) . $data, 1);
    check('PUT KEY is obeyed', substr($answer, 1, 1) =~ /[\x90\x61]/);
}

sub channel {
    my ($version, $enc, $mac) = @_;
    my $c = open_channel($s, $version, $enc, $mac);
    check(sprintf('a secure channel with set %02X', $version), $c);
    return $c;
}

# PUT KEY of a set of the issuer's domain for SCP03.
sub put_set {
    my ($c, $old, $dek, $new) = @_;
    my $data = "\x33" . join '', map { "\x88\x11\x10" . cbc($dek, $new->{$_}) . "\x03" . kcv($new->{$_}) } qw(ENC MAC DEK);
    my ($answer, $sw) = secured($s, $c, pack('C4', 0x80, 0xD8, $old, 0x81), $data);
    check(sprintf('PUT KEY of a set (%04X)', $sw), $sw == 0x9000);
}

sub renew {
    my ($keys, $new) = @_;
    my $data = pack('H*', '010401') . "\x88\x10" . cbc($keys->{KIK}, $new->{K}) . "\x89\x10" . cbc($keys->{KIK}, $new->{OPc})
        . "\x8A\x03" . kcv($new->{K});
    check('K is renewed', substr(packet($keys, 'BFFF00', $data, 1), 0, 2) eq "\1\0");
}

sub change {
    my ($keys) = @_;
    my $data = pack 'H*', '010101' . '800102' . '8109082943991032547698' . '820102' . '8306000500000000';
    check('the operator changes', substr(packet($keys, 'BFFF00', $data, 1), 0, 2) eq "\1\0");
}

sub authenticate {
    my ($keys) = @_;
    my $rand = unpack 'H*', random_key();
    my ($k, $opc) = map { unpack 'H*', $_ } @$keys{qw(K OPc)};
    $sqn += 64;
    my $vector = `osmo-auc-gen -3 -a milenage -k $k -o $opc -f 8000 -s $sqn -r $rand 2>/dev/null`;
    my ($autn) = $vector =~ /^AUTN:\s*([0-9a-f]{32})/m or die "osmo-auc-gen: $vector";
    my ($res) = $vector =~ /^RES:\s*([0-9a-f]+)/m;
    run($s, '00A4040C07A0000000871002');
    my ($data, $sw) = run($s, "0088008122" . "10$rand" . "10$autn");
    check(sprintf('AUTHENTICATE agrees with osmo-auc-gen (%04X)', $sw), unpack('H*', substr $data, 2, 8) eq $res);
}

# What the old operator still holds, after a change by alternative 3b: none of it opens anything.
sub old_operator {
    my ($old, $new) = @_;
    my $rand = random_key();
    my ($k, $opc, $hex) = map { unpack 'H*', $_ } @$old{qw(K OPc)}, $rand;
    my ($autn) = `osmo-auc-gen -3 -a milenage -k $k -o $opc -f 8000 -s 1000000 -r $hex 2>/dev/null` =~ /^AUTN:\s*([0-9a-f]{32})/m;
    my ($data, $sw) = run($s, '0088008122' . "10$hex" . "10$autn");
    my @refused = $sw == 0x9862 ? 'AKA' : ();
    for my $index (1, 2) {
        my $packet = seal(cntr => 500, data => 'x', kic => $index << 4 | 2, kid => $index << 4 | 2, kic_key => $old->{KIc},
            kid_key => $old->{KID});
        my ($answer) = deliver($s, $packet);
        push @refused, "packet $index" if length $answer == 16 && ord(substr $answer, 15) == 1;
    }
    my $packet = seal(cntr => 1, data => pack('H*', '00A4000C026F78'), kic => 0x22, kid => 0x22, kic_key => $new->{KIc},
        kid_key => $new->{KID});
    my ($answer) = deliver($s, $packet);
    my ($theirs, $ours) = map { open_proof($answer, $_->{KIc}, $_->{KID}) } $old, $new;
    push @refused, 'traffic' if $ours->{authentic} && $ours->{rsc} == 0 && !$theirs->{authentic};
    check("sec_K1 the old operator fails at AKA, two packets and the new one's traffic: @refused", @refused == 4);
}

# Slot 2 out of the card's file: an object like slot 1, whose keys are known (uicc/slot/slot.c).
sub keys_of_slot_2 {
    open my $f, '<:raw', $card or die;
    local $/;
    my $bytes = <$f>;
    my $one = index $bytes, pack 'N', 0x00020001;
    my $two = index $bytes, pack 'N', 0x00020002;
    return map { $_ => substr $bytes, $two + index($bytes, $slot1{$_}) - $one, 16 } @names;
}

# ----

$s = reader($socket);
run($s, '8010000014' . 'FF' x 20);
my %slot2 = keys_of_slot_2();
my %put = map { $_ => random_key() } qw(KIc KID KIK);
my %renewed = map { $_ => random_key() } qw(K OPc);

authenticate(\%slot1);
packet(\%slot1, 'B00001', pack('H*', '00A4000C026F7800D60000020101'), 1);
alive(%slot1);

put_key(\%slot1, \%put);
dead('after PUT KEY', map { $_ => $slot1{$_} } qw(KIc KID KIK));
alive(%put);

my %set1 = map { $_ => random_key() } qw(ENC MAC DEK);
my %set2 = map { $_ => random_key() } qw(ENC MAC DEK);
my $session = channel(0x31, $put{KIc}, $put{KID});
put_set($session, 0, $put{KIK}, \%set1);
alive(%set1);
my $own = channel(0x33, @set1{qw(ENC MAC)});
put_set($own, 0x33, $set1{DEK}, \%set2);
syswrite $s, "\0\1\2";
run($s, '8010000014' . 'FF' x 20);
dead('after its set was replaced and the card reset', %set1, map({ ("1$_" => $session->{$_}, "2$_" => $own->{$_}) } qw(enc mac rmac)));
alive(%set2);

renew(\%put, {%put, %renewed});
dead('after a new K', K => $slot1{K}, OPc => $slot1{OPc});
authenticate(\%renewed);
alive(%renewed);

change(\%put);
syswrite $s, "\0\1\2";    # the REFRESH it asks for
run($s, '8010000014' . 'FF' x 20);
$sqn = 0;
authenticate(\%slot2);
dead('after the change of operator', %put, %renewed, map { +"old$_" => $slot1{$_} } @names);
alive(%slot2);
old_operator({%put, %renewed}, \%slot2);

print "$passed passed, $failed failed\n";
exit($failed == 0 && $passed > 0 ? 0 : 1);
