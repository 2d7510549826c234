# smsc.pl PORT LOG - an SMS centre on Net::SMPP: notes each submit_sm in LOG, answers as a
# card would that has no such key (a response packet without protection, status 06).
use strict;
use warnings;
use Net::SMPP;

my ($port, $path) = @ARGV;
open my $log, '>>', $path or die "$path: $!";
$log->autoflush(1);
my $listener = Net::SMPP->new_listen('127.0.0.1', port => $port, smpp_version => 0x34) or die "listen: $!";
my $sequence = 0;

sub serve {
    my ($esme) = @_;
    while (my $pdu = $esme->read_pdu()) {
        if ($pdu->{cmd} == Net::SMPP::CMD_bind_transceiver) {
            my $good = $pdu->{system_id} eq 'reseat' && $pdu->{password} eq 'secret';
            $esme->bind_transceiver_resp(seq => $pdu->{seq}, status => $good ? 0 : 0x0E, system_id => 'judge');
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_submit_sm) {
            printf $log "destination_addr=%s source_addr=%s protocol_id=%02X data_coding=%02X esm_class=%02X ud=%s\n",
                @$pdu{qw(destination_addr source_addr protocol_id data_coding esm_class)},
                uc unpack 'H*', $pdu->{short_message};
            $esme->submit_sm_resp(seq => $pdu->{seq}, message_id => 'm' . $pdu->{seq});
            my $tar = substr $pdu->{short_message}, 10, 3;
            $esme->deliver_sm(seq => ++$sequence, async => 1, service_type => '',
                source_addr_ton => 1, source_addr_npi => 1, source_addr => $pdu->{destination_addr},
                dest_addr_ton => 1, dest_addr_npi => 1, destination_addr => $pdu->{source_addr},
                esm_class => 0x40, protocol_id => 0x7F, data_coding => 0xF6,
                short_message => "\x02\x71\x00\x00\x0B\x0A" . $tar . "\0\0\0\0\0\0\x06");
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_enquire_link) {
            $esme->enquire_link_resp(seq => $pdu->{seq});
        } elsif ($pdu->{cmd} == Net::SMPP::CMD_unbind) {
            print $log "unbind\n";
            $esme->unbind_resp(seq => $pdu->{seq});
            return;
        }
    }
}

while (my $esme = $listener->accept()) {
    serve($esme);
}
