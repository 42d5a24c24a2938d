using System.Runtime.InteropServices;
using Broadcast.Host.Listening;
using Broadcast.Media;

namespace Broadcast.Host.Diagnostics;

/// <summary>Result of a check.</summary>
internal enum CheckOutcome
{
    /// <summary>No problem.</summary>
    Good,

    /// <summary>Works, with limitations.</summary>
    Warning,

    /// <summary>Broadcast cannot work, or not safely.</summary>
    Bad,
}

/// <summary>A completed check.</summary>
/// <param name="Name">Name of the check.</param>
/// <param name="Outcome">Result of the check.</param>
/// <param name="Observed">What was observed.</param>
/// <param name="Remedy">How to fix the problem; <see langword="null"/> if there is none.</param>
internal sealed record Check(string Name, CheckOutcome Outcome, string Observed, string? Remedy = null);

/// <summary>Checks everything a broadcast needs, and suggests a fix for each problem.</summary>
internal sealed class Doctor(DataFolder data, IConfiguration configuration, TimeProvider time)
{
    /// <summary>Minimum free space in bytes: about 20 minutes of four 6 Mbit/s renditions.</summary>
    private const long MinFreeBytes = 2L * 1024 * 1024 * 1024;

    /// <summary>Minimum number of connections; fewer are a warning.</summary>
    private const int MinConnections = 10_000;

    /// <summary>Runs all checks; results are returned as they complete.</summary>
    public async IAsyncEnumerable<Check> ExamineAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var running = DataFolderLock.Find(data);
        yield return new Check("server", CheckOutcome.Good, running is null ? "no server is running on this data folder"
            : $"running; viewers at {running.Http ?? "no address"}, encoders at {running.Rtmp ?? "no address"}");
        foreach (var check in Ports(running))
        {
            yield return check;
        }

        await foreach (var check in FfmpegCheck.ExamineAsync(configuration, time, cancellationToken))
        {
            yield return check;
        }

        yield return Disk();
        yield return await WriteSpeedAsync(cancellationToken);
        yield return Clock();
        yield return OpenFiles(OpenFileLimit.Read());
        yield return await StoreCheck.DatabaseAsync(data, configuration, cancellationToken);
        if (await StoreCheck.SecretKeysAsync(data, configuration, cancellationToken) is { } secretKeys)
        {
            yield return secretKeys;
        }

        yield return await StoreCheck.ObjectsAsync(data, configuration, time, cancellationToken);
        yield return Pages();
    }

    private IEnumerable<Check> Ports(ServerUrls? running)
    {
        var options = configuration.GetSection(ListenerOptions.Section).Get<ListenerOptions>() ?? new ListenerOptions();
        foreach (var (name, flag, text) in new[]
        {
            ("RTMP", "--rtmp", options.Rtmp), ("RTMPS", "--rtmps", Listeners.RtmpsAddress(options)), ("HTTP", "--http", options.Http),
            ("internal HTTP", "--internal", options.Internal),
        })
        {
            if (running is not null)
            {
                yield return new Check($"{name} port", CheckOutcome.Good, "in use by the running server");
                continue;
            }

            var address = ListenAddress.Parse(text);
            Check check;
            try
            {
                Listeners.EnsureFree(name, flag, address);
                check = new Check($"{name} port", CheckOutcome.Good, $"{address} is free");
            }
            catch (StartException e)
            {
                check = new Check($"{name} port", CheckOutcome.Bad, $"{address} cannot be opened", e.Message);
            }

            yield return check;
        }
    }

    private Check Disk()
    {
        var drive = new DriveInfo(data.Path);
        var observed = $"{drive.AvailableFreeSpace / 1e9:0.0} GB free of {drive.TotalSize / 1e9:0.0} GB at {data.Path}";
        return drive.AvailableFreeSpace < MinFreeBytes
            ? new Check("disk", CheckOutcome.Bad, observed, "Free disk space, or use a data folder on a larger disk with --data DIR.")
            : drive.AvailableFreeSpace < drive.TotalSize / 10
                ? new Check("disk", CheckOutcome.Warning, observed, "Less than 10 % is free; free disk space before a long broadcast.")
                : new Check("disk", CheckOutcome.Good, observed);
    }

    private async Task<Check> WriteSpeedAsync(CancellationToken cancellationToken)
    {
        const int Megabytes = 64;
        var path = Path.Combine(data.Path, $".doctor-{Environment.ProcessId}");
        try
        {
            var started = time.GetTimestamp();
            await using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
            {
                var block = new byte[1024 * 1024];
                for (var i = 0; i < Megabytes; i++)
                {
                    await file.WriteAsync(block, cancellationToken);
                }

                file.Flush(flushToDisk: true);
            }

            var rate = Megabytes / time.GetElapsedTime(started).TotalSeconds;
            var observed = $"{rate:0} MB/s written and flushed";
            return rate < 20
                ? new Check("disk speed", CheckOutcome.Warning, observed,
                    "Too slow for many renditions; use a data folder on a faster disk.")
                : new Check("disk speed", CheckOutcome.Good, observed);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Check("disk speed", CheckOutcome.Bad, e.Message,
                $"Give this user write permission for {data.Path}, or choose another folder with --data DIR.");
        }
    }

    private static Check Clock()
    {
        if (!OperatingSystem.IsLinux())
        {
            return new Check("clock", CheckOutcome.Warning, "cannot be checked on this system",
                "Make sure that the clock is synchronized with a time server.");
        }

        // struct timex has 208 bytes on 64-bit Linux; zeros query without a change. 5 is TIME_ERROR: not synchronized.
        Span<byte> timex = stackalloc byte[256];
        timex.Clear();
        var state = Native.AdjustTime(ref MemoryMarshal.GetReference(timex));
        return state switch
        {
            5 => new Check("clock", CheckOutcome.Warning, "not synchronized with a time server",
                "Install an NTP client: apt-get install systemd-timesyncd (or chrony). DASH players and latency measurements require it."),
            < 0 => new Check("clock", CheckOutcome.Warning, "the kernel does not report whether it is synchronized",
                "Make sure that the clock is synchronized with a time server."),
            _ => new Check("clock", CheckOutcome.Good, "synchronized with a time server"),
        };
    }

    /// <summary>Checks how many connections the open file limit of this user leaves.</summary>
    internal static Check OpenFiles(long? limit)
    {
        var connections = OpenFileLimit.ConnectionsOf(limit);
        var observed = $"{(limit is { } files ? $"{files} open files" : "unlimited")}; at most {connections} connections";
        return connections >= MinConnections ? new Check("open files", CheckOutcome.Good, observed)
            : new Check("open files", CheckOutcome.Warning, observed,
                "Raise the limit to 65536 or more: LimitNOFILE=65536 in the systemd unit, --ulimit nofile=65536 for containers, or 'ulimit -n "
                + "65536' in the shell that starts the server.");
    }

    private static Check Pages() => Directory.Exists(Path.Combine(AppContext.BaseDirectory, "wwwroot"))
        ? new Check("pages", CheckOutcome.Good, "watch page and dashboard are built")
        : new Check("pages", CheckOutcome.Warning, "watch page and dashboard are not built",
            "Start with ./broadcast up, which builds them (requires Node 20).");

    private static partial class Native
    {
        [DllImport("libc", EntryPoint = "adjtimex")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int AdjustTime(ref byte timex);
    }
}
