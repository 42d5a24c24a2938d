using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// Restricts a worker process. Debian's <c>util-linux</c> (<c>setpriv</c> and <c>prlimit</c>) and a <see cref="WorkerLauncher"/> precede
/// its program. The process can gain no privileges (<c>no_new_privs</c>), has no capabilities, is killed by the kernel when the server
/// exits for any reason, has resource limits, reads no file of the server, and has no network. If the server runs as root, the worker runs
/// as a user without other processes or files. Unavailable restrictions are omitted, as <see cref="Gaps"/> describes.
/// </summary>
/// <param name="Prefix">Command line that precedes launcher, program and arguments.</param>
/// <param name="User">User of the process, if different from the server's.</param>
/// <param name="Description">Display description.</param>
internal sealed record Sandbox(IReadOnlyList<string> Prefix, uint? User, string Description)
{
    /// <summary>A user and group ID that no distribution assigns (60,578 to 61,183 are unused according to systemd).</summary>
    public const uint WorkerUser = 60_999;

    private const int TimeoutMilliseconds = 5_000;

    private static readonly ConcurrentDictionary<(string Program, WorkerLimits Limits), Sandbox> Cached = new();

    /// <summary>The launcher that restricts files and network; <see langword="null"/> for none.</summary>
    public WorkerLauncher? Launcher { get; init; }

    /// <summary>Missing restrictions with their remedies; <see langword="null"/> if there are none.</summary>
    public string? Gaps { get; init; }

    /// <summary>No sandbox.</summary>
    public static Sandbox None { get; } = new([], null, "no sandbox: setpriv and prlimit (util-linux) are missing or not permitted");

    /// <summary>
    /// Gets the strictest sandbox in which a program can be started on this machine. Determined by trying, once per program.
    /// </summary>
    /// <param name="program">Path or name of the program.</param>
    /// <param name="limits">Resource limits.</param>
    public static Sandbox Of(string program, WorkerLimits limits)
    {
        if (Cached.TryGetValue((program, limits), out var cached))
        {
            return cached;
        }

        foreach (var candidate in Candidates(program, limits, Environment.IsPrivilegedProcess))
        {
            switch (Works(candidate, program))
            {
                case true:
                    return Cached.GetOrAdd((program, limits), candidate);
                case null:
                    // An overloaded machine must not weaken the sandbox. It is tried again at the next start.
                    return candidate;
                case false:
                    break;
            }
        }

        // A program that cannot be started now may be installed later.
        return None;
    }

    /// <summary>Command line that precedes a program and its arguments.</summary>
    /// <param name="folder">Folder that the program may read; <see langword="null"/> for none.</param>
    /// <param name="sockets">Paths of Unix sockets to which the program is connected; <see langword="null"/> for none.</param>
    public IReadOnlyList<string> CommandPrefix(string? folder = null, IReadOnlyList<string>? sockets = null) =>
        [.. Prefix, .. Launcher?.Arguments(folder, sockets ?? []) ?? []];

    /// <summary>
    /// Addresses for ffmpeg of the sockets in a command prefix. The launcher connects them and passes them as open files, because the
    /// program itself cannot create sockets. Without a launcher, the program connects.
    /// </summary>
    /// <param name="sockets">Paths of the sockets.</param>
    public IReadOnlyList<string> AddressesOf(IReadOnlyList<string> sockets) =>
        [.. sockets.Select((path, i) => Launcher is null ? "unix:" + path
            : FormattableString.Invariant($"pipe:{WorkerLauncher.FirstSocket + i}"))];

    /// <summary>Transfers ownership of a file or folder to the worker's user.</summary>
    /// <exception cref="IOException">The change is not permitted.</exception>
    public void TransferOwnership(string path)
    {
        if (User is { } user && Native.ChangeOwner(ref MemoryMarshal.GetReference(Encoding.UTF8.GetBytes(path + '\0').AsSpan()), user, user)
            != 0)
        {
            throw new IOException($"cannot change the owner of {path} to user {user}: error {Marshal.GetLastPInvokeError()}");
        }
    }

    /// <summary>Sandboxes to try, strictest first.</summary>
    /// <param name="program">Path or name of the program.</param>
    /// <param name="limits">Resource limits.</param>
    /// <param name="isRoot">Whether the server runs as root.</param>
    internal static IEnumerable<Sandbox> Candidates(string program, WorkerLimits limits, bool isRoot)
    {
        if (!OperatingSystem.IsLinux())
        {
            yield break;
        }

        var filesGap = Landlock.Version > 0 ? "ffmpeg needs files outside the system's folders, so its processes can read the server's files: "
                + "install it below /usr, or in a folder of its own"
            : "the kernel has no Landlock, so encoder processes can read the server's files: use Linux 5.13 or newer, with landlock in "
                + "/sys/kernel/security/lsm";
        foreach (var identity in Identities(limits, isRoot))
        {
            if (Landlock.Version > 0 && WorkerLauncher.For(program, limits, restrictsFiles: true) is { } full)
            {
                yield return identity with
                {
                    Launcher = full, Description = identity.Description + ", reads system files only, no network",
                };
            }

            if (WorkerLauncher.For(program, limits, restrictsFiles: false) is { } filter)
            {
                yield return identity with
                {
                    Launcher = filter, Description = identity.Description + ", no network", Gaps = Combine(identity.Gaps, filesGap),
                };
            }

            yield return identity with
            {
                Gaps = Combine(identity.Gaps, "encoder processes have access to files and network, because the machine permits no launcher: "
                    + "install perl-base on x86-64 or arm64"),
            };
        }
    }

    private static string Combine(string? gaps, string gap) => gaps is null ? gap : $"{gaps}; {gap}";

    /// <summary>Sandboxes without a launcher.</summary>
    private static IEnumerable<Sandbox> Identities(WorkerLimits limits, bool isRoot)
    {
        List<string> restrictions = ["setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--inh-caps=-all"];
        List<string> limitCommand =
        [
            .. limits.HasLowPriority ? (string[])["nice", "-n", "10"] : [],
            "prlimit", $"--nofile={limits.OpenFiles}", "--core=0", $"--fsize={limits.FileBytes}",
            .. limits.DataBytes is { } data ? (string[])[$"--data={data}"] : [],
            .. limits.AddressBytes is { } addresses ? (string[])[$"--as={addresses}"] : [],
            .. limits.ProcessorSeconds is { } seconds ? (string[])[$"--cpu={seconds}"] : [], "--",
        ];
        const string Minimum = "no new privileges, killed with the server";
        var bounds = limits.DataBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture,
            $"at most {bytes / (1 << 20)} MiB of memory, no large files") : "file limits";
        if (isRoot)
        {
            var user = WorkerUser.ToString(CultureInfo.InvariantCulture);
            var groups = limits.UsesDevices ? DeviceGroups.All() : [];
            yield return new([.. restrictions, "--bounding-set=-all", "--reuid", user, "--regid", user,
                groups.Count == 0 ? "--clear-groups" : "--groups=" + string.Join(',', groups), "--",
                .. limitCommand], WorkerUser, $"user {user}, no capabilities, {Minimum}, {bounds}");
        }

        var gaps = !isRoot ? null
            : $"ffmpeg cannot be executed by user {WorkerUser}, so its processes run as root: install it in a folder that all users can read";
        if (isRoot)
        {
            yield return new([.. restrictions, "--bounding-set=-all", "--", .. limitCommand], null,
                $"the server's user (root) without capabilities, {Minimum}, {bounds}") { Gaps = gaps };
        }

        yield return new([.. restrictions, "--", .. limitCommand], null, $"the server's user, {Minimum}, {bounds}") { Gaps = gaps };
        yield return new([.. restrictions, "--"], null, $"the server's user, {Minimum}, no limits")
        {
            Gaps = Combine(gaps, "encoder processes have no resource limits: install prlimit (util-linux)"),
        };
    }

    /// <summary>
    /// Finds the program, and lists its libraries instead of running it: the dynamic linker does so for this variable.
    /// </summary>
    private const string ProbeScript =
        "found=$(command -v \"$0\") && test -x \"$found\" && test -x \"$1\" "
        + "&& ! LD_TRACE_LOADED_OBJECTS=1 \"$found\" </dev/null 2>&1 | grep -q 'not found'";

    /// <summary>
    /// Returns whether the program can be found and run in the sandbox, and files can be transferred to its user; <see langword="null"/> if
    /// the test took too long.
    /// </summary>
    private static bool? Works(Sandbox candidate, string program)
    {
        DirectoryInfo? folder = null;
        try
        {
            if (candidate.User is not null)
            {
                folder = Directory.CreateTempSubdirectory("broadcast-try-");
                candidate.TransferOwnership(folder.FullName);
            }

            var start = new ProcessStartInfo(
                candidate.Prefix[0], [.. candidate.CommandPrefix(folder?.FullName).Skip(1), "/bin/sh", "-c", ProbeScript, program,
                    folder?.FullName ?? "/"])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            };
            WorkerProcess.RemoveSecrets(start);
            using var process = Process.Start(start);
            process!.StandardInput.Close();
            if (process.WaitForExit(TimeoutMilliseconds))
            {
                return process.ExitCode == 0;
            }

            process.Kill(entireProcessTree: true);
            return null;
        }
        catch (Exception e) when (e is Win32Exception or IOException or UnauthorizedAccessException)
        {
            return false;
        }
        finally
        {
            folder?.Delete();
        }
    }

    private static class Native
    {
        [DllImport("libc", EntryPoint = "chown", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int ChangeOwner(ref byte path, uint user, uint group);
    }
}
