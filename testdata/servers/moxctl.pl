# moxctl.pl SOCKET: sets the passwords of mox accounts; reads lines "account
# password" and speaks to mox's control socket.
use strict;
use warnings;
use IO::Socket::UNIX;

my ($path) = @ARGV;
while (<STDIN>) {
    my ($account, $password) = split;
    my $control = IO::Socket::UNIX->new(Peer => $path) or die "$path: $!\n";
    my $greeting = <$control> // '';
    $greeting =~ /\Actlv0/ or die "$path: unexpected greeting: $greeting\n";
    print $control "setaccountpassword\n$account\n$password\n";
    $control->flush;
    my $answer = <$control> // '';
    $answer eq "ok\n" or die "$account: $answer\n";
}
