# kit.pl - the other side of a card for tests that share no line with it: AES, CMAC, secured
# packets (TS 102 225, TS 31.115) and a reader on the unix socket of `uicc run --socket`. Written
# from the standards (FIPS 197, SP 800-38A and B), so that a fault in apdu/ is no fault here.
#
#   require './test/support/kit.pl';
use strict;
use warnings;
use IO::Socket::UNIX;

# ---- AES ----

my (@sbox, @inverse);
{
    my ($p, $q) = (1, 1);
    do {    # 3 generates the field; q is the inverse of p
        $p ^= ($p << 1) ^ ($p & 0x80 ? 0x11B : 0);
        $q ^= $q << 1;
        $q ^= $q << 2;
        $q ^= $q << 4;
        $q &= 0xFF;
        $q ^= 0x09 if $q & 0x80;
        my $x = $q;
        $x ^= ((($q << $_) | ($q >> (8 - $_))) & 0xFF) for 1 .. 4;
        $sbox[$p] = $x ^ 0x63;
    } while $p != 1;
    $sbox[0] = 0x63;
    $inverse[$sbox[$_]] = $_ for 0 .. 255;
}

sub xtime { return (($_[0] << 1) ^ ($_[0] & 0x80 ? 0x11B : 0)) & 0xFF }

sub product {
    my ($x, $n) = @_;
    my $sum = 0;
    while ($n) {
        $sum ^= $x if $n & 1;
        $x = xtime($x);
        $n >>= 1;
    }
    return $sum;
}

my @by = map { my $n = $_; [map { product($_, $n) } 0 .. 255] } 0 .. 14;

sub aes_schedule {
    my @w = unpack 'C*', $_[0];
    my $nk = @w / 4;
    my $rcon = 1;
    for (my $i = $nk; $i < 4 * ($nk + 7); $i++) {
        my @t = @w[4 * $i - 4 .. 4 * $i - 1];
        if ($i % $nk == 0) {
            @t = map { $sbox[$_] } @t[1, 2, 3, 0];
            $t[0] ^= $rcon;
            $rcon = xtime($rcon);
        } elsif ($nk > 6 && $i % $nk == 4) {
            @t = map { $sbox[$_] } @t;
        }
        push @w, map { $w[4 * ($i - $nk) + $_] ^ $t[$_] } 0 .. 3;
    }
    return \@w;
}

sub aes_encrypt {
    my ($w, $in) = @_;
    my $rounds = @$w / 16 - 1;
    my @s = unpack 'C16', $in;
    $s[$_] ^= $w->[$_] for 0 .. 15;
    for my $r (1 .. $rounds) {
        @s = @sbox[@s[0, 5, 10, 15, 4, 9, 14, 3, 8, 13, 2, 7, 12, 1, 6, 11]];
        if ($r < $rounds) {
            for my $c (0, 4, 8, 12) {
                my ($a, $b, $d, $e) = @s[$c .. $c + 3];
                $s[$c] = $by[2][$a] ^ $by[3][$b] ^ $d ^ $e;
                $s[$c + 1] = $a ^ $by[2][$b] ^ $by[3][$d] ^ $e;
                $s[$c + 2] = $a ^ $b ^ $by[2][$d] ^ $by[3][$e];
                $s[$c + 3] = $by[3][$a] ^ $b ^ $d ^ $by[2][$e];
            }
        }
        $s[$_] ^= $w->[16 * $r + $_] for 0 .. 15;
    }
    return pack 'C16', @s;
}

sub aes_decrypt {
    my ($w, $in) = @_;
    my $rounds = @$w / 16 - 1;
    my @s = unpack 'C16', $in;
    $s[$_] ^= $w->[16 * $rounds + $_] for 0 .. 15;
    for my $r (reverse 0 .. $rounds - 1) {
        @s = @inverse[@s[0, 13, 10, 7, 4, 1, 14, 11, 8, 5, 2, 15, 12, 9, 6, 3]];
        $s[$_] ^= $w->[16 * $r + $_] for 0 .. 15;
        next if $r == 0;
        for my $c (0, 4, 8, 12) {
            my ($a, $b, $d, $e) = @s[$c .. $c + 3];
            $s[$c] = $by[14][$a] ^ $by[11][$b] ^ $by[13][$d] ^ $by[9][$e];
            $s[$c + 1] = $by[9][$a] ^ $by[14][$b] ^ $by[11][$d] ^ $by[13][$e];
            $s[$c + 2] = $by[13][$a] ^ $by[9][$b] ^ $by[14][$d] ^ $by[11][$e];
            $s[$c + 3] = $by[11][$a] ^ $by[13][$b] ^ $by[9][$d] ^ $by[14][$e];
        }
    }
    return pack 'C16', @s;
}

sub cbc {
    my ($key, $data) = @_;
    my $w = aes_schedule($key);
    my ($last, $out) = ("\0" x 16, '');
    $out .= $last = aes_encrypt($w, $last ^ $_) for unpack '(a16)*', $data;
    return $out;
}

sub uncbc {
    my ($key, $data) = @_;
    my $w = aes_schedule($key);
    my ($last, $out) = ("\0" x 16, '');
    for (unpack '(a16)*', $data) {
        $out .= aes_decrypt($w, $_) ^ $last;
        $last = $_;
    }
    return $out;
}

sub double {
    my @b = unpack 'C16', $_[0];
    my $carry = $b[0] & 0x80;
    $b[$_] = (($b[$_] << 1) | ($_ < 15 ? $b[$_ + 1] >> 7 : 0)) & 0xFF for 0 .. 15;
    $b[15] ^= 0x87 if $carry;
    return pack 'C16', @b;
}

sub cmac {
    my ($key, $message) = @_;
    my $w = aes_schedule($key);
    my $k = double(aes_encrypt($w, "\0" x 16));
    my $whole = length $message && length($message) % 16 == 0;
    if (!$whole) {
        $k = double($k);
        $message .= "\x80" . "\0" x (15 - length($message) % 16);
    }
    substr($message, -16) ^= $k;
    my $last = "\0" x 16;
    $last = aes_encrypt($w, $last ^ $_) for unpack '(a16)*', $message;
    return $last;
}

# Key check value of GlobalPlatform amendment D.
sub kcv { return substr aes_encrypt(aes_schedule($_[0]), "\1" x 16), 0, 3 }

# The example vectors of FIPS 197 and RFC 4493.
die "kit.pl cannot compute AES" unless
    unpack('H*', aes_encrypt(aes_schedule(pack 'H*', '000102030405060708090a0b0c0d0e0f'),
        pack 'H*', '00112233445566778899aabbccddeeff')) eq '69c4e0d86a7b0430d8cdb78070b4c55a'
    && unpack('H*', cmac(pack('H*', '2b7e151628aed2a6abf7158809cf4f3c'),
        pack 'H*', '6bc1bee22e409f96e93d7e117393172a')) eq '070a16b46b4d4144f79bdd9dd04a287c'
    && uncbc('k' x 16, cbc('k' x 16, 'x' x 32)) eq 'x' x 32;

# ---- secured packets ----

# Fields: spi1, spi2, kic, kid, tar (hex), cntr, data, kic_key, kid_key; cc_len (8), cipher and
# check (coderefs) instead of AES-CBC and AES-CMAC, chl and pcntr to say something else than is so.
sub seal {
    my %p = (spi1 => 0x16, spi2 => 0x19, kic => 0x12, kid => 0x12, tar => 'B00001', cc_len => 8,
        block => 16, @_);
    my $ciphered = $p{spi1} & 4;
    my $check = ($p{spi1} & 3) == 0 ? 0 : ($p{spi1} & 3) == 1 ? ($p{kid} & 4 ? 4 : 2) : $p{cc_len};
    my $inner = 6 + $check + length $p{data};
    my $pad = $ciphered ? -$inner % $p{block} : 0;
    my $head = pack 'nCCCCCH6', 1 + 13 - 6 + $inner + $pad, $p{chl} // 13 + $check, @p{qw(spi1 spi2 kic kid tar)};
    my $counter = pack 'CNC', $p{cntr} >> 32, $p{cntr} & 0xFFFFFFFF, $p{pcntr} // $pad;
    my $data = $p{data} . "\0" x $pad;
    my $cc = $check == 0 ? '' : substr +($p{check} // \&cmac)->($p{kid_key}, $head . $counter . $data), 0, $check;
    my $body = $counter . $cc . $data;
    return $head . ($ciphered ? ($p{cipher} // \&cbc)->($p{kic_key}, $body) : $body);
}

# The answer to ENVELOPE as a proof: RSC, counter, data, and whether it was authenticated; nothing
# when it is none. Only for SPI2 19.
sub open_proof {
    my ($answer, $kic, $kid) = @_;
    return if length $answer < 9 + 7 || substr($answer, 0, 3) ne "\x02\x71\x00";
    my ($rpl, $rhl) = unpack 'x3nC', $answer;
    return {rsc => unpack('x15C', $answer), authentic => 0} if $rhl == 10;
    my $body = uncbc($kic, substr $answer, 9);
    my ($high, $low, $pad, $rsc, $cc) = unpack 'CNCCa8', $body;
    my $data = substr $body, 15;
    my $good = substr(cmac($kid, substr($answer, 0, 9) . substr($body, 0, 7) . $data), 0, 8) eq $cc;
    return {rsc => $rsc, authentic => $good, cntr => $high * 2**32 + $low,
        data => substr $data, 0, length($data) - $pad};
}

# SMS-DELIVER of class 2 in an ENVELOPE (SMS-PP DOWNLOAD), TS 31.111 7.1.
sub envelope {
    my ($ud) = @_;
    my $tpdu = pack('H*', '440B911947010000F17FF622705200000000') . pack('C', length $ud) . $ud;
    my $value = pack('H*', '82028381' . '0604811234F5') . tlv(0x8B, $tpdu);
    my $object = tlv(0xD1, $value);
    return pack('CCCCC', 0x80, 0xC2, 0, 0, length $object) . $object;
}

sub tlv {
    my ($tag, $value) = @_;
    my $n = length $value;
    return pack('C', $tag) . ($n < 0x80 ? pack 'C', $n : pack 'CC', 0x81, $n) . $value;
}

# A packet as the TP-UDs of as many messages as it needs (8-bit reference).
sub parts {
    my ($packet, $reference) = @_;
    return "\x02\x70\x00" . $packet if length $packet <= 137;
    my @pieces = (substr($packet, 0, 132), unpack '(a134)*', substr $packet, 132);
    my $n = 0;
    return map {
        $n++;
        my $head = pack 'CCCCC', 0, 3, $reference, scalar @pieces, $n;
        ($n == 1 ? "\x07" . $head . "\x70\x00" : "\x05" . $head) . $_;
    } @pieces;
}

# ---- a secure channel: SCP03 with C-MAC (GlobalPlatform, amendment D) ----

sub derive {
    my ($key, $constant, $bits, $context) = @_;
    return substr cmac($key, pack('x11CxnC', $constant, $bits, 1) . $context), 0, $bits / 8;
}

# Select the issuer security domain and authenticate with ENC, MAC of a key set; the session.
sub open_channel {
    my ($s, $version, $enc, $mac) = @_;
    my $host = pack 'N2', map { int rand 2**32 } 1, 2;
    run($s, '00A4040008A000000151000000');
    my ($answer) = run($s, pack('CCCCC', 0x80, 0x50, $version, 0, 8) . $host);
    return if length $answer < 29;
    my $context = $host . substr $answer, 13, 8;
    my %c = (enc => derive($enc, 4, 128, $context), mac => derive($mac, 6, 128, $context),
        rmac => derive($mac, 7, 128, $context), chain => "\0" x 16);
    my ($data, $sw) = secured($s, \%c, pack('C4', 0x80, 0x82, 1, 0), derive($c{mac}, 1, 64, $context));
    return $sw == 0x9000 ? \%c : undef;
}

sub secured {
    my ($s, $c, $header, $data) = @_;
    my $command = pack('C', ord($header) | 4) . substr($header, 1, 3) . pack('C', 8 + length $data) . $data;
    $c->{chain} = cmac($c->{mac}, $c->{chain} . $command);
    return run($s, $command . substr $c->{chain}, 0, 8);
}

# ---- the reader ----

sub reader {
    my ($path) = @_;
    for (1 .. 2000) {
        my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Peer => $path);
        if ($s) {
            syswrite $s, "\0\1\1";
            return $s;
        }
        select undef, undef, undef, 0.003;
    }
    die "no card at $path";
}

sub take {
    my ($s, $n) = @_;
    my $bytes = '';
    while (length $bytes < $n) {
        sysread $s, $bytes, $n - length $bytes, length $bytes or die "the card is gone\n";
    }
    return $bytes;
}

# One exchange: data, status word.
sub exchange {
    my ($s, $command) = @_;
    syswrite $s, pack('n', length $command) . $command;
    my $answer = take($s, unpack 'n', take($s, 2));
    return (substr($answer, 0, -2), unpack 'n', substr $answer, -2);
}

# The same with 61XX and 6CXX followed up.
sub run {
    my ($s, $command) = @_;
    $command = pack 'H*', $command =~ s/ //gr if $command =~ /^[0-9A-Fa-f ]+$/;
    my ($data, $sw) = exchange($s, $command);
    ($data, $sw) = exchange($s, substr($command, 0, 4) . chr($sw & 0xFF)) if $sw >> 8 == 0x6C;
    while ($sw >> 8 == 0x61) {
        my ($more, $next) = exchange($s, pack 'CCCCC', ord($command) & 3, 0xC0, 0, 0, $sw & 0xFF);
        ($data, $sw) = ($data . $more, $next);
    }
    return ($data, $sw);
}

# Deliver a packet in as many messages as it needs; what the last one was answered.
sub deliver {
    my ($s, $packet, $reference) = @_;
    my ($data, $sw);
    ($data, $sw) = run($s, envelope($_)) for parts($packet, $reference // 0xA5);
    return ($data, $sw);
}

1;
