#!/usr/bin/perl
# auc_gw.pl SOCKET K OPC STATE - the authentication centre that hostapd's EAP-SIM database asks, over
# its unix datagram protocol; vectors come from osmo-auc-gen, not from us. STATE is a file with the
# SQN last used, so that a test can put it behind the card's and see the resynchronisation.
use strict;
use warnings;
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);

my ($path, $k, $opc, $state) = @ARGV;
unlink $path;
my $socket = IO::Socket::UNIX->new(Local => $path, Type => SOCK_DGRAM) or die "$path: $!";

sub slurp { open my $f, '<', $state or return 0; my $sqn = <$f>; chomp $sqn; return $sqn }
sub store { open my $f, '>', $state or die "$state: $!"; print $f "$_[0]\n" }
sub generate { my %v = map { /^(\w+):\s+([0-9a-f]+)/ ? ($1, $2) : () } qx(osmo-auc-gen @_); return \%v }

while (defined(my $from = $socket->recv(my $request, 1024))) {
    my @words = split ' ', $request;
    my $answer;
    if ($words[0] eq 'AKA-REQ-AUTH') {
        my $sqn = slurp() + 32;
        store($sqn);
        my $v = generate('-3', '-a', 'MILENAGE', '-k', $k, '-o', $opc, '-f', '8000', '-s', $sqn);
        $answer = "AKA-RESP-AUTH $words[1] $v->{RAND} $v->{AUTN} $v->{IK} $v->{CK} $v->{RES}";
    } elsif ($words[0] eq 'AKA-AUTS') {
        my $out = qx(osmo-auc-gen -3 -a MILENAGE -k $k -o $opc -f 8000 -A $words[2] -r $words[3]);
        store($1) if $out =~ /SQN\.MS\s*=\s*(\d+)/ or $out =~ /SQN\.MS:\s*(\d+)/;
    } elsif ($words[0] eq 'SIM-REQ-AUTH') {
        my @triplets = map {
            my $v = generate('-3', '-a', 'MILENAGE', '-k', $k, '-o', $opc, '-f', '8000', '-s', 32);
            "$v->{Kc}:$v->{SRES}:$v->{RAND}"
        } 1 .. $words[2];
        $answer = "SIM-RESP-AUTH $words[1] @triplets";
    }
    $socket->send($answer, 0, $from) if defined $answer;
}
