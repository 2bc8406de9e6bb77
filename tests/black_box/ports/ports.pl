# Reads a port on each line of standard input, and writes what Net::Server makes of it where the option
# ipv is 4: `host TAB port TAB proto TAB ipv TAB type` for each record, records after each other, or
# `refused` and why. Nobody is asked for an address or a service.
use strict;
use warnings;
use Net::Server::Proto;

{
    package Reporter;
    sub fatal { die "$_[1]\n" }
    sub log { }
}

no warnings 'redefine';
*Net::Server::Proto::get_addr_info = sub {
    my (undef, $host, $port) = @_;
    my $ipv = $host =~ /:/ ? 6 : $host =~ /^\d+(?:\.\d+){3}$/ ? 4 : '*';
    return [$host, $port, $ipv];
};

my $server = bless {}, 'Reporter';
while (my $text = <STDIN>) {
    chomp $text;
    # It changes the variable that it is given.
    my $port = $text;
    my @records = eval { Net::Server::Proto->parse_info($port, '*', 'tcp', '4', $server) };
    if ($@) {
        my ($why) = split /\n/, $@;
        print "refused\t$why\n";
        next;
    }
    print join("\t", map { @$_{qw(host port proto ipv)}, $_->{unix_type} // '-' } @records), "\n";
}
