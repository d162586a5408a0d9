# syslog.pl SOCKET: prints what syslog(3) sends to the datagram socket SOCKET.
use strict;
use warnings;
use Socket;

my ($path) = @ARGV;
socket(my $log, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
bind($log, pack_sockaddr_un($path)) or die "$path: $!\n";
chmod(0666, $path);
$| = 1;
while (defined recv($log, my $line, 65536, 0)) {
    $line =~ s/\A<\d+>//;
    $line =~ s/[\0\n]+\z//;
    print "$line\n";
}
