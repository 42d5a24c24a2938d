using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Broadcast.Transcoder.Workers;

/// <summary>
/// How a worker is kept from doing harm, with what Debian's <c>util-linux</c> has: <c>setpriv</c> and <c>prlimit</c> go before its program. It can gain no privileges (<c>no_new_privs</c>), has no capabilities, is
/// killed by the kernel when our process is gone, whatever ended that, and has limits. Where we run as root, the worker runs as a user that nothing else runs as and nothing belongs to. What cannot be had
/// here is left out, and <see cref="Told"/> says so.
/// </summary>
/// <param name="Prefix">What goes before program and arguments.</param>
/// <param name="User">The user that it runs as, where that is not ours.</param>
/// <param name="Told">In plain words.</param>
internal sealed record Confinement(IReadOnlyList<string> Prefix, uint? User, string Told)
{
    /// <summary>A user and a group that no distribution gives to anybody (60,578 to 61,183 are unused in systemd's account of them).</summary>
    public const uint WorkerUser = 60_999;

    private const int Patience = 5_000;

    private static readonly ConcurrentDictionary<(string Program, WorkerLimits Limits), Confinement> Known = new();

    /// <summary>No confinement at all.</summary>
    public static Confinement None { get; } = new([], null, "not confined: setpriv and prlimit (util-linux) are not there, or may not do it here");

    /// <summary>The closest one under which a program can be started here. Found out by trying, once for each.</summary>
    /// <param name="program">Path or name.</param>
    /// <param name="limits">What it may use.</param>
    public static Confinement Of(string program, WorkerLimits limits)
    {
        if (Known.TryGetValue((program, limits), out var known))
        {
            return known;
        }

        // What cannot be started at all now may be there later.
        return Candidates(limits).FirstOrDefault(c => Holds(c, program)) is { } found ? Known.GetOrAdd((program, limits), found) : None;
    }

    /// <summary>Gives a file or folder to the worker's user.</summary>
    /// <exception cref="IOException">That is not allowed.</exception>
    public void Give(string path)
    {
        if (User is { } user && Native.ChangeOwner(ref MemoryMarshal.GetReference(Encoding.UTF8.GetBytes(path + '\0').AsSpan()), user, user) != 0)
        {
            throw new IOException($"{path} cannot be given to user {user}: error {Marshal.GetLastPInvokeError()}");
        }
    }

    private static IEnumerable<Confinement> Candidates(WorkerLimits limits)
    {
        if (!OperatingSystem.IsLinux())
        {
            yield break;
        }

        var isRoot = Environment.IsPrivilegedProcess;
        List<string> held = ["setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--inh-caps=-all"];
        List<string> limited =
        [
            "prlimit", $"--nofile={limits.OpenFiles}", "--core=0", $"--fsize={limits.FileBytes}", .. limits.DataBytes is { } data ? (string[])[$"--data={data}"] : [], "--",
        ];
        const string Least = "no new privileges, ended with the server";
        var bounds = limits.DataBytes is { } bytes ? string.Create(CultureInfo.InvariantCulture, $"memory up to {bytes / (1 << 20)} MiB, no files worth the name") : "limits on files";
        if (isRoot && !limits.KeepsUser)
        {
            var user = WorkerUser.ToString(CultureInfo.InvariantCulture);
            yield return new([.. held, "--bounding-set=-all", "--reuid", user, "--regid", user, "--clear-groups", "--", .. limited], WorkerUser, $"user {user}, no capabilities, {Least}, {bounds}");
        }

        if (isRoot)
        {
            yield return new([.. held, "--bounding-set=-all", "--", .. limited], null, $"our user (root) without capabilities, {Least}, {bounds}");
        }

        yield return new([.. held, "--", .. limited], null, $"our user, {Least}, {bounds}");
        yield return new([.. held, "--"], null, $"our user, {Least}, no limits");
    }

    /// <summary>Whether the program can be found and run in this way, and files be given to its user.</summary>
    private static bool Holds(Confinement candidate, string program)
    {
        DirectoryInfo? folder = null;
        try
        {
            if (candidate.User is not null)
            {
                folder = Directory.CreateTempSubdirectory("broadcast-try-");
                candidate.Give(folder.FullName);
            }

            var where = folder?.FullName ?? "/";
            using var process = Process.Start(new ProcessStartInfo(
                candidate.Prefix[0], [.. candidate.Prefix.Skip(1), "/bin/sh", "-c", "found=$(command -v \"$0\") && test -x \"$found\" && test -x \"$1\"", program, where])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            });
            process!.StandardInput.Close();
            if (process.WaitForExit(Patience))
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
