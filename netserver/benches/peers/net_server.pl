#!/usr/bin/perl
# net_server.pl TYPE PORT CHILDREN line|keep FOLDER: an echo by Perl's Net::Server. NET_SERVER_LIB is a
# checkout's lib; without it what the system has installed.
package Echo;
use strict;
use warnings;
use lib $ENV{NET_SERVER_LIB} ? $ENV{NET_SERVER_LIB} : ();
my ($type, $port, $children, $mode, $folder) = @ARGV;
@ARGV = ();
require Net::Server;
require "Net/Server/$type.pm" if $type ne 'Single';
our @ISA = $type eq 'Single' ? ('Net::Server') : ("Net::Server::$type");

sub process_request {
    if ($mode eq 'keep') { while (defined(my $line = <STDIN>)) { print $line } }
    else { my $line = <STDIN>; print $line if defined $line }
}

sub mux_input {
    my ($self, $mux, $fh, $input) = @_;
    while ($$input =~ s/^(.*\n)//) {
        print $1;
        next if $mode eq 'keep';
        $mux->shutdown($fh, 1);
        last;
    }
}

my %pool = (
    PreForkSimple => { max_servers => $children },
    PreFork       => { min_servers => $children, max_servers => $children, min_spare_servers => 1,
                       max_spare_servers => $children - 1 },
    Fork          => { max_servers => 4096 },
);
__PACKAGE__->run(port => $port, host => '127.0.0.1', proto => 'tcp', ipv => 4, log_level => 0,
    listen => 4096, user => $>, group => (split ' ', $))[0], lock_file => "$folder/lock",
    %{ $pool{$type} || {} });
