using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// Restricts a worker process with Debian's <c>util-linux</c>: <c>setpriv</c> and <c>prlimit</c> precede its program. The process can gain
/// no privileges (<c>no_new_privs</c>), has no capabilities, is killed by the kernel when the server exits for any reason, and has resource
/// limits. If the server runs as root, the worker runs as a user without other processes or files. Unavailable restrictions are omitted, as
/// <see cref="Description"/> describes.
/// </summary>
/// <param name="Prefix">Command line that precedes program and arguments.</param>
/// <param name="User">User of the process, if different from the server's.</param>
/// <param name="Description">Display description.</param>
internal sealed record Sandbox(IReadOnlyList<string> Prefix, uint? User, string Description)
{
    /// <summary>A user and group ID that no distribution assigns (60,578 to 61,183 are unused according to systemd).</summary>
    public const uint WorkerUser = 60_999;

    private const int TimeoutMilliseconds = 5_000;

    private static readonly ConcurrentDictionary<(string Program, WorkerLimits Limits), Sandbox> Cached = new();

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

        // A program that cannot be started now may be installed later.
        return Candidates(limits).FirstOrDefault(c => Works(c, program)) is { } found ? Cached.GetOrAdd((program, limits), found) : None;
    }

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

    private static IEnumerable<Sandbox> Candidates(WorkerLimits limits)
    {
        if (!OperatingSystem.IsLinux())
        {
            yield break;
        }

        var isRoot = Environment.IsPrivilegedProcess;
        List<string> restrictions = ["setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--inh-caps=-all"];
        List<string> limitCommand =
        [
            "prlimit", $"--nofile={limits.OpenFiles}", "--core=0", $"--fsize={limits.FileBytes}",
            .. limits.DataBytes is { } data ? (string[])[$"--data={data}"] : [], "--",
        ];
        const string Minimum = "no new privileges, killed with the server";
        var bounds = limits.DataBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture,
            $"at most {bytes / (1 << 20)} MiB of memory, no large files") : "file limits";
        if (isRoot && !limits.KeepsUser)
        {
            var user = WorkerUser.ToString(CultureInfo.InvariantCulture);
            yield return new([.. restrictions, "--bounding-set=-all", "--reuid", user, "--regid", user, "--clear-groups", "--",
                .. limitCommand], WorkerUser, $"user {user}, no capabilities, {Minimum}, {bounds}");
        }

        if (isRoot)
        {
            yield return new([.. restrictions, "--bounding-set=-all", "--", .. limitCommand], null,
                $"the server's user (root) without capabilities, {Minimum}, {bounds}");
        }

        yield return new([.. restrictions, "--", .. limitCommand], null, $"the server's user, {Minimum}, {bounds}");
        yield return new([.. restrictions, "--"], null, $"the server's user, {Minimum}, no limits");
    }

    /// <summary>Returns whether the program can be found and run in the sandbox, and files can be transferred to its user.</summary>
    private static bool Works(Sandbox candidate, string program)
    {
        DirectoryInfo? folder = null;
        try
        {
            if (candidate.User is not null)
            {
                folder = Directory.CreateTempSubdirectory("broadcast-try-");
                candidate.TransferOwnership(folder.FullName);
            }

            var probePath = folder?.FullName ?? "/";
            using var process = Process.Start(new ProcessStartInfo(
                candidate.Prefix[0], [.. candidate.Prefix.Skip(1), "/bin/sh", "-c",
                    "found=$(command -v \"$0\") && test -x \"$found\" && test -x \"$1\"", program, probePath])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            });
            process!.StandardInput.Close();
            if (process.WaitForExit(TimeoutMilliseconds))
            {
                return process.ExitCode == 0;
            }

            process.Kill(entireProcessTree: true);
            return false;
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
