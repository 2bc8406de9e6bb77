#!/usr/bin/perl
# What tests/src/bin/lasting.rs is, as far as its clients see, with the PreFork of Perl's Net::Server.
use strict;
use warnings;

package Lasting;
use parent 'Net::Server::PreFork';

# exec keeps the environment, and so each image counts on from the one before it.
my $generation = ++$ENV{GENERATION};

sub process_request {
    local $| = 1;
    while (my $line = <STDIN>) {
        $line =~ s/\r?\n\z//;
        if ($line =~ /^say (\S+)$/) {
            print "$1 $generation $$ ", getppid, "\n";
        } elsif ($line =~ /^slow (\S+) (\S+)$/) {
            print "begun\n";
            select undef, undef, undef, $1;
            print "$2 $generation $$ ", getppid, "\n";
        } elsif ($line eq 'quit') {
            return;
        }
    }
}

Lasting->run;
