using System.Globalization;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// The last step before a worker's program: restricts files with <see cref="Landlock"/> and the network with <see cref="SocketFilter"/>,
/// then executes the program in its place. The step must run in the worker's process, and .NET cannot run code there, so a few lines of
/// Perl do. Debian and Ubuntu always have it (package <c>perl-base</c>), and it takes some milliseconds.
/// </summary>
/// <param name="FileRules">Rules for files, as rights and path; <see langword="null"/> if files are not restricted.</param>
/// <param name="Families">Address families of sockets that the program may create.</param>
internal sealed record WorkerLauncher(IReadOnlyList<(ulong Rights, string Path)>? FileRules, IReadOnlyList<uint> Families)
{
    /// <summary>Number of the first open file after standard input, output and error.</summary>
    public const int FirstSocket = 3;

    /// <summary>
    /// Closes all files but standard input, output and error (<c>close_range</c>), which the server may have inherited from its own parent.
    /// Connects the sockets, which stay open for the program. Arguments: number of prctl, attributes of the ruleset, filter, sockets and
    /// rules, <c>--</c>, the command line. Paths that do not exist need no
    /// rule. A rule for a file must not have rights for folders. 0x280000 is <c>O_PATH | O_CLOEXEC</c>.
    /// </summary>
    private const string Script =
        """
        syscall(436, 3, 4294967295, 0);
        my ($prctl, $attributes, $filter) = splice @ARGV, 0, 3;
        $^F = 255;
        my (@rules, @sockets);
        while (@ARGV and (my $rule = shift @ARGV) ne '--') {
          if ($rule !~ s/^connect://) { push @rules, $rule; next; }
          socket(my $socket, 1, 1, 0) or die "socket: $!\n";
          connect($socket, pack('S a*', 1, $rule)) or die "connect: $!\n";
          fileno($socket) == 3 + @sockets or die "unexpected open file\n";
          push @sockets, $socket;
        }
        if ($attributes) {
          my $ruleset = syscall(444, my $a = pack('H*', $attributes), length($attributes) / 2, 0);
          die "landlock_create_ruleset: $!\n" if $ruleset < 0;
          for (@rules) {
            my ($rights, $path) = split /:/, $_, 2;
            sysopen(my $file, $path, 0x280000) or next;
            $rights &= 0xC007 unless -d $path;
            syscall(445, $ruleset, 1, my $r = pack('Ql', $rights, fileno $file), 0) and die "landlock_add_rule $path: $!\n";
          }
          syscall(446, $ruleset, 0) and die "landlock_restrict_self: $!\n";
        }
        my $code = pack 'H*', $filter;
        syscall($prctl + 0, 22, 2, my $f = pack('S x![P] P', length($code) / 8, $code)) and die "seccomp: $!\n";
        exec { $ARGV[0] } @ARGV;
        print STDERR "$ARGV[0]: $!\n";
        exit($! == 2 ? 127 : 126);
        """;

    /// <summary>Folders of the system, in which any program and library may be. They contain no secrets.</summary>
    private static readonly string[] SystemFolders = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"];

    /// <summary>Configuration of libraries, and descriptions of the machine and of the process itself.</summary>
    private static readonly string[] ReadableFiles =
    [
        "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/nsswitch.conf",
        "/etc/fonts", "/etc/ssl/openssl.cnf", "/proc", "/sys/devices/system", "/sys/fs/cgroup", "/dev/zero", "/dev/random", "/dev/urandom",
    ];

    /// <summary>Configuration of GPU drivers, and the devices that they search.</summary>
    private static readonly string[] DriverFiles = ["/etc/drirc", "/etc/OpenCL", "/etc/vulkan", "/etc/glvnd", "/etc/egl", "/sys"];

    /// <summary>Creates the launcher of a program.</summary>
    /// <param name="program">Path or name of the program.</param>
    /// <param name="limits">Limits, which decide on devices.</param>
    /// <param name="restrictsFiles">Whether to restrict files.</param>
    /// <returns>The launcher, or <see langword="null"/> if the machine has no system call filter.</returns>
    public static WorkerLauncher? For(string program, WorkerLimits limits, bool restrictsFiles)
    {
        uint[] families = limits.UsesDevices ? [SocketFilter.Netlink] : [];
        return SocketFilter.ProcessControl is null ? null
            : new WorkerLauncher(restrictsFiles ? [.. RulesFor(program, limits)] : null, families);
    }

    /// <summary>Arguments that precede the program's command line.</summary>
    /// <param name="folder">Folder that the program may read; <see langword="null"/> for none.</param>
    /// <param name="sockets">
    /// Paths of Unix sockets to which the program is connected, as open files from <see cref="FirstSocket"/> on.
    /// </param>
    public IReadOnlyList<string> Arguments(string? folder, IReadOnlyList<string> sockets) =>
    [
        "perl", "-e", Script, "--", SocketFilter.ProcessControl!.Value.ToString(CultureInfo.InvariantCulture),
        FileRules is null ? "" : Convert.ToHexString(Landlock.Attributes(Landlock.Version)),
        Convert.ToHexString(SocketFilter.Instructions(Families)),
        .. sockets.Select(path => "connect:" + path),
        .. (FileRules ?? []).Append((Landlock.Read, folder ?? "")).Where(rule => rule.Item2.Length > 0)
            .Select(rule => FormattableString.Invariant($"{rule.Item1}:{rule.Item2}")),
        "--",
    ];

    private static IEnumerable<(ulong Rights, string Path)> RulesFor(string program, WorkerLimits limits)
    {
        IEnumerable<(ulong, string)> rules =
        [
            .. SystemFolders.Select(folder => (Landlock.ReadAndExecute, folder)), .. ReadableFiles.Select(file => (Landlock.Read, file)),
            (Landlock.ReadAndWrite, "/dev/null"),
            .. LibraryFolders().Select(folder => (Landlock.ReadAndExecute, folder)),
        ];
        if (Find(program) is { } path)
        {
            rules = rules.Concat(RulesForProgram(path));
        }

        return !limits.UsesDevices ? rules : rules.Concat(DriverFiles.Select(file => (Landlock.Read, file)))
            .Concat(DeviceGroups.Paths().Select(device => (Landlock.ReadAndWrite, device)));
    }

    /// <summary>
    /// Rules for a program outside the system's folders. It may use its own folder, because it can be a script that starts another program
    /// or writes a log, and libraries beside a folder <c>bin</c>. In a shared folder, it may use only itself.
    /// </summary>
    private static IEnumerable<(ulong Rights, string Path)> RulesForProgram(string path)
    {
        var target = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        foreach (var file in (string[])[path, target])
        {
            if (SystemFolders.Any(folder => file.StartsWith(folder + "/", StringComparison.Ordinal)))
            {
                continue;
            }

            var folder = Path.GetDirectoryName(file)!;
            yield return IsShared(folder) ? (Landlock.ReadAndExecute, file) : (Landlock.AllRights(Landlock.Version), folder);
            if (Path.GetFileName(folder) == "bin")
            {
                yield return (Landlock.ReadAndExecute, Path.Combine(folder, "../lib"));
                yield return (Landlock.ReadAndExecute, Path.Combine(folder, "../lib64"));
            }
        }
    }

    /// <summary>Returns whether a folder also has files of others.</summary>
    private static bool IsShared(string folder) =>
        folder.Count(c => c == '/') < 2 || folder == Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)
        || Path.GetDirectoryName(folder) == "/home" || folder + "/" == Path.GetTempPath();

    private static IEnumerable<string> LibraryFolders() =>
        Environment.GetEnvironmentVariable("LD_LIBRARY_PATH")?.Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted)
        ?? [];

    /// <summary>Finds a program as a shell does.</summary>
    private static string? Find(string program)
    {
        var candidates = program.Contains('/', StringComparison.Ordinal) ? [Path.GetFullPath(program)]
            : Environment.GetEnvironmentVariable("PATH")?.Split(':').Where(Path.IsPathRooted)
                .Select(folder => Path.Combine(folder, program));
        return candidates?.FirstOrDefault(File.Exists);
    }
}
