using System.Diagnostics;
using System.Globalization;

namespace Broadcast.Database.Postgres;

/// <summary>Result of a finished program.</summary>
public sealed record CommandResult(int ExitCode, string Output);

/// <summary>Runs PostgreSQL's programs with a clean environment and captures their output for error messages.</summary>
public static class PostgresProgram
{
    private const int MaxOutput = 64 * 1024;

    // Both initdb and postgres refuse to run as root, and the user they run as may lack access to the folders above the cluster (a data
    // folder inside root's 0700 home). An open directory needs no such access. While still root, the shell opens the cluster as descriptor
    // 9. It then drops root for the cluster's owner and runs the program, which refers to the cluster as /proc/self/fd/9.
    private const string RunAsOwnerScript = """
        set -e
        cluster=$1; shift
        exec 9<"$cluster"
        uid=$(stat -c %u /proc/self/fd/9/.); gid=$(stat -c %g /proc/self/fd/9/.)
        cd /
        exec setpriv --reuid "$uid" --regid "$gid" --clear-groups -- "$@"
        """;

    /// <summary>Path of the cluster for a program run by <see cref="RunOnClusterAsync"/>.</summary>
    public static string ClusterArgument(string cluster) => Environment.IsPrivilegedProcess ? "/proc/self/fd/9" : cluster;

    /// <summary>Runs a PostgreSQL program on a cluster as the cluster's owner.</summary>
    public static Task<CommandResult> RunOnClusterAsync(string cluster, string program, IReadOnlyList<string> arguments, TimeSpan timeout,
        CancellationToken cancellationToken) =>
        Environment.IsPrivilegedProcess
            ? RunAsync("/bin/sh", ["-c", RunAsOwnerScript, "sh", cluster, program, .. arguments], timeout, cancellationToken)
            : RunAsync(program, arguments, timeout, cancellationToken);

    /// <summary>
    /// Changes the owner of an empty folder to the server's user: <c>postgres</c> if the package created it, else <c>nobody</c>.
    /// </summary>
    public static async Task ChangeOwnerAsync(string folder, CancellationToken cancellationToken)
    {
        const string script = """
            user=postgres; id -u "$user" >/dev/null 2>&1 || user=nobody
            exec chown "$user:$(id -g "$user")" "$1"
            """;
        var result = await RunAsync("/bin/sh", ["-c", script, "sh", folder], TimeSpan.FromSeconds(10), cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new OperationException(
                OperationErrorCode.Broken,
                $"PostgreSQL does not run as root, and the owner of {folder} could not be changed: {result.Output} Run as a regular "
                + "user, or set Database:ConnectionString.");
        }
    }

    /// <summary>Gets the major version that a program reports (<c>initdb (PostgreSQL) 15.4</c>), or <see langword="null"/>.</summary>
    public static int? VersionOf(string program)
    {
        try
        {
            using var process = Process.Start(Prepare(program, ["--version"]))!;
            var parts = process.StandardOutput.ReadToEnd().Trim().Split(' ');
            process.WaitForExit();
            var digits = new string([.. parts[^1].TakeWhile(char.IsAsciiDigit)]);
            return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(timeout);
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
            return new(-1, $"{Path.GetFileName(program)} took longer than {timeout.TotalSeconds:0} s.");
        }
    }

    /// <summary>Prepares the start of a program without secrets in its environment.</summary>
    public static ProcessStartInfo Prepare(string program, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true,
            RedirectStandardError = true, RedirectStandardInput = true };
        // This process' environment can contain passwords and storage keys, and the server runs on as another user, who can read its
        // environment.
        string[] prefixes = ["PG", "LC_", "BROADCAST_", "AWS_"];
        foreach (var name in start.Environment.Keys.Where(k => prefixes.Any(p => k.StartsWith(p, StringComparison.OrdinalIgnoreCase)))
            .ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["LC_ALL"] = "C";
        start.Environment["TZ"] = "UTC";
        return start;
    }
}
