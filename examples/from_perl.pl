#!/usr/bin/perl
# A chat by Perl's Net::Server, part by part what from_perl.rs is: who comes and goes is told to all others, and
# who is silent is asked, and sent away. `perl from_perl.pl --port=127.0.0.1:20221`, and then
# `nc 127.0.0.1 20221`, twice.
package Chat;
use strict;
use warnings;
use parent 'Net::Server::Multiplex';

# The guests: their handles, by the numbers that they are called by.
my %guests;
my $last = 0;

# An option of its own: how many seconds a guest may be silent.
sub options {
    my ($self, $template) = @_;
    $self->SUPER::options($template);
    $template->{patience} = \$self->{server}{patience};
}

sub allow_deny_hook {
    my $self = shift;
    return $self->{server}{peeraddr} =~ /^127\./;
}

sub others {
    my ($self, $text) = @_;
    for my $number (sort { $a <=> $b } keys %guests) {
        my $handle = $guests{$number};
        print $handle "$text\r\n" if $number != $self->{number};
    }
}

# Each guest has an object of its own, and this is the first call that it gets.
sub mux_connection {
    my ($self, $mux, $handle) = @_;
    $self->{number} = ++$last;
    $guests{$last} = $handle;
    print $handle "Welcome, you are number $last.\r\n";
    $self->others("$last has come.");
    $mux->set_timeout($handle, $self->{net_server}{server}{patience});
}

sub mux_input {
    my ($self, $mux, $handle, $input) = @_;
    while ($$input =~ s/^(.*?)\r?\n//) {
        $self->others("$self->{number}: $1") if length $1;
    }
    $self->{asked} = 0;
    $mux->set_timeout($handle, undef);
    $mux->set_timeout($handle, $self->{net_server}{server}{patience});
}

sub mux_timeout {
    my ($self, $mux, $handle) = @_;
    if ($self->{asked}++) {
        print $handle "Bye.\r\n";
        $mux->shutdown($handle, 1);
    } else {
        print $handle "Are you there?\r\n";
        $mux->set_timeout($handle, $self->{net_server}{server}{patience});
    }
}

sub mux_close {
    my ($self, $mux, $handle) = @_;
    # One that was not let in has no number.
    return unless defined $self->{number};
    delete $guests{$self->{number}};
    $self->others("$self->{number} has left.");
}

Chat->run(port => '127.0.0.1:20221', patience => 20);
