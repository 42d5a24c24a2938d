using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Broadcast.Testing;
using Broadcast.Transcoder.Workers;
using Shouldly;
using Xunit;

namespace Broadcast.Transcoder.Tests.Workers;

/// <summary>
/// Restrictions of workers whose server does not run as root. A script in place of ffmpeg tries to access what the server's user can
/// access. Each attempt succeeds without the restriction, so the restriction is what makes it fail.
/// </summary>
public sealed class ConfinementTests : IDisposable
{
    /// <summary>User of the server in these tests, which run as root or as a user of their own.</summary>
    private const string ServerUser = "60998";

    private const UnixFileMode ReadableByAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly TempFolder _programs = TempFolder.Create(mode: ReadableByAll);
    private readonly TempFolder _data = TempFolder.Create(mode: ReadableByAll);

    /// <summary>The strictest sandbox of a server that does not run as root.</summary>
    private static Sandbox SandboxFor(string program, WorkerLimits? limits = null) =>
        Sandbox.Candidates(program, limits ?? WorkerLimits.Image, isRoot: false).First();

    [Fact]
    public async Task Worker_reads_and_writes_only_the_folder_of_its_input()
    {
        SkipWithoutLandlock();
        var (secret, input) = (_data.Sub("secret"), _data.Sub("input"));
        Directory.CreateDirectory(input);
        await File.WriteAllTextAsync(secret, "password");
        await File.WriteAllTextAsync(Path.Combine(input, "slate"), "image");
        var program = await ProgramAsync(
            $"cat {input}/slate; cat {secret}; cat {input}/../secret; cat /etc/passwd; ls {_data.Path}; echo x > {input}/new; ls /tmp");

        var confined = await RunAsync(program, SandboxFor(program), input);
        confined.Output.ShouldBe("image", confined.Errors);
        confined.Errors.Split("Permission denied").Length.ShouldBe(7, confined.Errors);

        var open = await RunAsync(program, SandboxFor(program) with { Launcher = null }, input);
        open.Output.ShouldStartWith("imagepasswordpassword");
        open.Output.ShouldContain("root:");
    }

    [Fact]
    public async Task Worker_cannot_connect_to_an_address_nor_to_a_Unix_socket()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var local = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        local.Bind(new UnixDomainSocketEndPoint(_data.Sub("socket")));
        local.Listen(8);
        (await ChildProcess.RunAsync("chmod", ["a+rw", _data.Sub("socket")])).EnsureSuccess();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        var program = await ProgramAsync(
            "use IO::Socket::INET; use IO::Socket::UNIX;"
            + $"print 'tcp;' if IO::Socket::INET->new(PeerAddr => '127.0.0.1:{port}');"
            + $"print 'udp;' if IO::Socket::INET->new(PeerAddr => '127.0.0.1:{port}', Proto => 'udp');"
            + "print 'ipv6;' if socket(my $six, 10, 1, 0); print 'netlink;' if socket(my $link, 16, 3, 0);"
            + $"print 'unix;' if IO::Socket::UNIX->new(Peer => '{_data.Sub("socket")}'); print 'end'", "perl");

        (await RunAsync(program, SandboxFor(program))).Output.ShouldBe("end");
        (await RunAsync(program, SandboxFor(program, WorkerLimits.Hardware))).Output.ShouldBe("netlink;end");
        (await RunAsync(program, SandboxFor(program) with { Launcher = null })).Output.ShouldBe("tcp;udp;ipv6;netlink;unix;end");
    }

    [Fact]
    public async Task Worker_cannot_read_the_environment_or_memory_of_its_server_and_cannot_signal_it()
    {
        SkipWithoutLandlock();
        var program = await ProgramAsync(
            "tr '\\0' ' ' < /proc/$PPID/environ; cat /proc/$PPID/maps; ls /proc/$PPID/root/ && echo root; kill -0 $PPID && echo signal; "
            + "echo end");

        var confined = await RunAsync(program, SandboxFor(program), parent: true);
        confined.Output.ShouldBe(Landlock.Version >= 6 ? "end" : "signalend", confined.Errors);

        var open = await RunAsync(program, SandboxFor(program) with { Launcher = null }, parent: true);
        open.Output.ShouldContain("BROADCAST_SECRET=server");
        open.Output.ShouldContain("rootsignalend");
    }

    [Fact]
    public async Task Worker_has_no_variables_and_no_open_files_of_the_server()
    {
        foreach (var name in (string[])["BROADCAST__Database__Password", "AWS_SECRET_ACCESS_KEY", "PGPASSWORD"])
        {
            Environment.SetEnvironmentVariable(name, "secret");
        }

        var program = await ProgramAsync("env | cut -d= -f1; test -e /proc/$$/fd/7 && echo file");

        (await RunAsync(program, SandboxFor(program), separator: " ")).Output.Split(' ')
            .Except(["PATH", "LD_LIBRARY_PATH", "LIBVA_DRIVER_NAME", "TMPDIR", "LANG", "PWD", "_", "OLDPWD", "SHLVL"]).ShouldBeEmpty();
        (await RunAsync(program, SandboxFor(program), parent: true)).Output.ShouldNotContain("file");
        (await RunAsync(program, SandboxFor(program) with { Launcher = null }, parent: true)).Output.ShouldContain("file");
    }

    [Fact]
    public void Installed_ffmpeg_runs_with_all_restrictions()
    {
        SkipWithoutLandlock();
        foreach (var limits in (WorkerLimits[])[WorkerLimits.Software, WorkerLimits.Image, WorkerLimits.Slate, WorkerLimits.Hardware])
        {
            var sandbox = Sandbox.Of("ffmpeg", limits);
            sandbox.Gaps.ShouldBeNull();
            sandbox.Description.ShouldEndWith("reads system files only, no network");
            sandbox.User.ShouldBe(Environment.IsPrivilegedProcess ? Sandbox.WorkerUser : null);
        }
    }

    public void Dispose()
    {
        _programs.Dispose();
        _data.Dispose();
    }

    private static void SkipWithoutLandlock() =>
        Assert.SkipUnless(Landlock.Version > 0, "This kernel has no Landlock, so the restriction does not exist.");

    private async Task<string> ProgramAsync(string script, string shell = "sh")
    {
        var program = _programs.Sub("program");
        await File.WriteAllTextAsync(program, $"#!/usr/bin/{shell}\n{script}\n", TestContext.Current.CancellationToken);
        (await ChildProcess.RunAsync("chmod", ["a+rx", program])).EnsureSuccess();
        return program;
    }

    /// <summary>Runs a worker as a server without root privileges does.</summary>
    /// <param name="program">The script.</param>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="folder">Folder of the input.</param>
    /// <param name="parent">
    /// Whether a shell in place of the server, with a secret in its environment and an open file, starts the worker.
    /// </param>
    /// <param name="separator">Separator of the lines in the result.</param>
    private static async Task<(string Output, string Errors)> RunAsync(string program, Sandbox sandbox, string? folder = null,
        bool parent = false, string separator = "")
    {
        string[] server = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid", ServerUser, "--regid", ServerUser, "--clear-groups", "--bounding-set=-all", "--inh-caps=-all", "--"]
            : [];
        string[] shell = parent ? ["env", "BROADCAST_SECRET=server", "sh", "-c", "exec 7</dev/null; \"$@\"; exit $?", "sh"] : [];
        await using var process = WorkerProcess.Start(program, [], folder: folder,
            sandbox: sandbox with { Prefix = [.. server, .. shell, .. sandbox.Prefix] });
        var output = await process.ReadOutputAsync(100_000);
        await process.WaitAsync(TestContext.Current.CancellationToken);
        return (output.Trim().Replace("\n", separator, StringComparison.Ordinal), string.Join('\n', process.LastLines));
    }
}
