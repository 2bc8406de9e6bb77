# A server that restarts at HUP as it should: in place, with its listener. $FAULT has it do it badly.
use strict;
use warnings;
use IO::Handle;
use Socket;
use POSIX ();

my $fault = $ENV{FAULT} // '';
my $generation = $ENV{GENERATION} // 1;
STDERR->autoflush(1);

sub say_log {
    my ($level, $text) = @_;
    print STDERR "2026/11/22-23:18:04 fake[$$] $level: $text\n";
}

# With a child for each client, who may then stay over a restart; nobody has to reap them.
my $is_forking = $fault eq 'drops' || $fault eq 'none, and forks';
my @children;
$SIG{CHLD} = 'IGNORE' if $is_forking;
$SIG{PIPE} = 'IGNORE';

my ($is_hup, $is_term) = (0, 0);
$SIG{HUP} = sub { $is_hup = 1 };
$SIG{TERM} = sub { $is_term = 1 };
# A handler does not survive an exec, and neither should the mask of its time.
POSIX::sigprocmask(POSIX::SIG_UNBLOCK(), POSIX::SigSet->new(POSIX::SIGHUP(), POSIX::SIGTERM()));

# Keeps a descriptor open over an exec.
$^F = 255;
my $listener;

sub bind_to {
    my ($port) = @_;
    socket($listener, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
    setsockopt($listener, SOL_SOCKET, SO_REUSEADDR, 1) or die "reuse: $!";
    bind($listener, sockaddr_in($port, INADDR_LOOPBACK)) or die "bind: $!";
    listen($listener, 128) or die "listen: $!";
    return (sockaddr_in(getsockname $listener))[0];
}

if (my $fd = $ENV{LISTENER}) {
    open($listener, '+<&=', $fd) or die "adopt: $!";
    say_log('info', "generation $generation serves: 0 children of the one before are to finish");
} else {
    $ENV{PORT} = bind_to(0);
    say_log('notice', "Binding to TCP port $ENV{PORT} on host 127.0.0.1 with IPv4");
}

sub served { say_log('info', 'generation ' . ++$generation . ' serves') }

sub restart {
    return if $fault eq 'deaf';
    return say_log('error', 'cannot restart, so the server goes on as it was: no') if $fault eq 'refuses';
    exit 3 if $fault eq 'dies';
    kill 'KILL', @children if $fault eq 'drops';
    if ($fault eq 'forks') {
        exit 0 if fork;
        return served();
    }
    if ($fault eq 'hides') {
        my $pid = fork or return served();
        # Says no more, and serves no more.
        select undef, undef, undef, 0.01 until $is_term;
        kill 'TERM', $pid;
        waitpid $pid, 0;
        exit 0;
    }
    if ($fault eq 'unbinds') {
        close $listener;
        # As long as it takes: some client of the crowd comes meanwhile.
        select undef, undef, undef, 0.1;
        bind_to($ENV{PORT});
        return served();
    }
    if ($fault eq 'cuts') {
        accept(my $client, $listener) or return;
        # What was not read would make it a reset.
        <$client>;
        print $client 'half';
        close $client;
        return served();
    }
    if ($fault eq 'resets') {
        accept(my $client, $listener) or return;
        setsockopt($client, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0));
        close $client;
        return served();
    }
    @ENV{qw(LISTENER GENERATION)} = (fileno $listener, $generation + 1);
    POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(POSIX::SIGHUP(), POSIX::SIGTERM()));
    exec $^X, $0, @ARGV or die "exec: $!";
}

# With a timeout, since a signal may come between a look at it and the wait.
until ($is_term) {
    if ($is_hup) { $is_hup = 0; restart() }
    my $ready = '';
    vec($ready, fileno $listener, 1) = 1;
    next unless select($ready, undef, undef, 0.01) > 0;
    accept(my $client, $listener) or next;
    if ($is_forking) {
        if (my $pid = fork) { push @children, $pid; next }
        close $listener;
        $SIG{TERM} = 'DEFAULT';
    }
    $client->autoflush(1);
    my $line = <$client> // '';
    print $client $line;
    # The client ends first.
    1 while <$client>;
    print $client 'and more' if $fault eq 'babbles';
    exit 0 if $is_forking;
}
exit 0;
