using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Control.PrivateServer;

/// <summary>How a finished program ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output);

/// <summary>Runs PostgreSQL's programs: their arguments as a list, their environment clean, their words kept for the error message.</summary>
internal static class Command
{
    private const int MaxOutput = 64 * 1024;

    // Both initdb and postgres refuse to run as root, and the user they run as instead may be unable to pass through the folders above the
    // cluster (a data folder inside root's 0700 home). A directory that is already open needs no such passage: while still root, the shell
    // opens it as descriptor 9, then gives up root for the cluster's owner and runs the program, which knows the cluster as /proc/self/fd/9.
    private const string AsOwner = """
        set -e
        cluster=$1; shift
        exec 9<"$cluster"
        uid=$(stat -c %u /proc/self/fd/9/.); gid=$(stat -c %g /proc/self/fd/9/.)
        cd /
        exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"
        """;

    /// <summary>How a program run by <see cref="RunOnClusterAsync"/> must name the cluster.</summary>
    public static string ClusterArgument(string cluster) => Environment.IsPrivilegedProcess ? "/proc/self/fd/9" : cluster;

    /// <summary>Runs a PostgreSQL program on a cluster as the cluster's owner.</summary>
    public static Task<CommandResult> RunOnClusterAsync(string cluster, string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken) =>
        Environment.IsPrivilegedProcess
            ? RunAsync("/bin/sh", ["-c", AsOwner, "sh", cluster, program, .. arguments], limit, cancellationToken)
            : RunAsync(program, arguments, limit, cancellationToken);

    /// <summary>Gives an empty folder to the user that the server is to run as: <c>postgres</c> where the package made one, else <c>nobody</c>.</summary>
    public static async Task GiveAwayAsync(string folder, CancellationToken cancellationToken)
    {
        const string script = """
            user=postgres; id -u "$user" >/dev/null 2>&1 || user=nobody
            exec chown "$user:$(id -g "$user")" "$1"
            """;
        var result = await RunAsync("/bin/sh", ["-c", script, "sh", folder], TimeSpan.FromSeconds(10), cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new ControlException(
                ControlCode.Broken,
                $"PostgreSQL does not run as root, and {folder} could not be given to another user: {result.Output} Run as an ordinary user, or set Database:ConnectionString.");
        }
    }

    /// <summary>The major version that a program reports (<c>initdb (PostgreSQL) 15.4</c>), or <see langword="null"/>.</summary>
    public static int? VersionOf(string program)
    {
        try
        {
            using var process = Process.Start(Prepare(program, ["--version"]))!;
            var words = process.StandardOutput.ReadToEnd().Trim().Split(' ');
            process.WaitForExit();
            var digits = new string([.. words[^1].TakeWhile(char.IsAsciiDigit)]);
            return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(limit);
        using var process = Process.Start(Prepare(program, arguments))!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            var text = (await output + await error).Trim();
            return new(process.ExitCode, text.Length > MaxOutput ? text[^MaxOutput..] : text);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return new(-1, $"{Path.GetFileName(program)} took longer than {limit.TotalSeconds:0} s.");
        }
    }

    internal static ProcessStartInfo Prepare(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        // Ours hold passwords and storage keys, and the database runs on as another user, who may read its environment.
        string[] prefixes = ["PG", "LC_", "BROADCAST_", "AWS_"];
        foreach (var name in start.Environment.Keys.Where(k => prefixes.Any(p => k.StartsWith(p, StringComparison.OrdinalIgnoreCase))).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["LC_ALL"] = "C";
        start.Environment["TZ"] = "UTC";
        return start;
    }
}
