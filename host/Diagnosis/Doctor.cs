using System.Runtime.InteropServices;
using Broadcast.Host.Configuration;
using Broadcast.Host.Listening;
using Broadcast.Media;

namespace Broadcast.Host.Diagnosis;

/// <summary>How a check came out.</summary>
internal enum Finding
{
    /// <summary>As it should be.</summary>
    Good,

    /// <summary>Works, but worse than it could.</summary>
    Warning,

    /// <summary>Broadcast cannot work, or not safely.</summary>
    Bad,
}

/// <summary>One thing looked at.</summary>
/// <param name="Name">What.</param>
/// <param name="Finding">How it came out.</param>
/// <param name="Seen">What was seen.</param>
/// <param name="Mend">What to do, when it is not good.</param>
internal sealed record Check(string Name, Finding Finding, string Seen, string? Mend = null);

/// <summary>Looks at all that a broadcast needs, and says how to mend what is not right.</summary>
internal sealed class Doctor(DataFolder data, IConfiguration configuration, TimeProvider time)
{
    /// <summary>Free space under which a broadcast is in danger, in bytes: about 20 minutes of four 6 Mbit/s renditions.</summary>
    private const long LittleSpace = 2L * 1024 * 1024 * 1024;

    /// <summary>Runs every check; the outcomes arrive as they are found.</summary>
    public async IAsyncEnumerable<Check> ExamineAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var running = RunningServer.Find(data);
        yield return new Check("server", Finding.Good, running is null ? "not running on this data folder" : $"running; viewers at {running.Http}, encoders at {running.Rtmp}");
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
        yield return await StoreCheck.DatabaseAsync(data, configuration, cancellationToken);
        yield return await StoreCheck.ObjectsAsync(data, configuration, time, cancellationToken);
        yield return Pages();
    }

    private IEnumerable<Check> Ports(ServerAddresses? running)
    {
        var options = configuration.GetSection(ListenerOptions.Section).Get<ListenerOptions>() ?? new ListenerOptions();
        foreach (var (name, flag, text) in new[]
        {
            ("RTMP", "--rtmp", options.Rtmp), ("RTMPS", "--rtmps", Listeners.RtmpsAddress(options)), ("HTTP", "--http", options.Http), ("internal HTTP", "--internal", options.Internal),
        })
        {
            if (running is not null)
            {
                yield return new Check($"port of {name}", Finding.Good, "in use by the running server");
                continue;
            }

            var address = ListenAddress.Parse(text);
            Check check;
            try
            {
                Listeners.EnsureFree(name, flag, address);
                check = new Check($"port of {name}", Finding.Good, $"{address} is free");
            }
            catch (StartException e)
            {
                check = new Check($"port of {name}", Finding.Bad, $"{address} cannot be opened", e.Message);
            }

            yield return check;
        }
    }

    private Check Disk()
    {
        var drive = new DriveInfo(data.Path);
        var seen = $"{drive.AvailableFreeSpace / 1e9:0.0} GB free of {drive.TotalSize / 1e9:0.0} GB at {data.Path}";
        return drive.AvailableFreeSpace < LittleSpace
            ? new Check("disk", Finding.Bad, seen, "Make room, or put the data folder on a larger disk with --data DIR.")
            : drive.AvailableFreeSpace < drive.TotalSize / 10
                ? new Check("disk", Finding.Warning, seen, "Less than a tenth is free; make room before a long broadcast.")
                : new Check("disk", Finding.Good, seen);
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
            var seen = $"{rate:0} MB/s written and flushed";
            return rate < 20
                ? new Check("disk speed", Finding.Warning, seen, "Slow for many renditions at once; put the data folder on a faster disk.")
                : new Check("disk speed", Finding.Good, seen);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new Check("disk speed", Finding.Bad, e.Message, $"Give this user the right to write to {data.Path}, or name another folder with --data DIR.");
        }
    }

    private static Check Clock()
    {
        if (!OperatingSystem.IsLinux())
        {
            return new Check("clock", Finding.Warning, "cannot be checked on this system", "Make sure that the clock is set by a time server.");
        }

        // struct timex is 208 bytes on 64-bit Linux; all zero asks and changes nothing. 5 is TIME_ERROR: not synchronized.
        Span<byte> timex = stackalloc byte[256];
        timex.Clear();
        var state = Native.AdjustTime(ref MemoryMarshal.GetReference(timex));
        return state switch
        {
            5 => new Check("clock", Finding.Warning, "not kept by a time server", "Install one: apt-get install systemd-timesyncd (or chrony). DASH players and latency readouts depend on it."),
            < 0 => new Check("clock", Finding.Warning, "the kernel does not say whether it is kept by a time server", "Make sure that it is."),
            _ => new Check("clock", Finding.Good, "kept by a time server"),
        };
    }

    private static Check Pages() => Directory.Exists(Path.Combine(AppContext.BaseDirectory, "wwwroot"))
        ? new Check("pages", Finding.Good, "watch page and dashboard are built in")
        : new Check("pages", Finding.Warning, "watch page and dashboard are not built", "Start with ./broadcast up, which builds them (needs Node 20).");

    private static partial class Native
    {
        [DllImport("libc", EntryPoint = "adjtimex")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int AdjustTime(ref byte timex);
    }
}
