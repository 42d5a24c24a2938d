using System.ComponentModel;
using System.Globalization;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Encoders.Probing;

/// <summary>Probes encoders by encoding with them: a list of names does not show what works on this machine.</summary>
/// <param name="program">Path or name of ffmpeg.</param>
/// <param name="time">The clock.</param>
/// <param name="devices">Folder of the kernel's render nodes.</param>
internal sealed class EncoderProbe(string program, TimeProvider time, string devices = EncoderProbe.Devices)
{
    /// <summary>Folder of render nodes on Linux.</summary>
    public const string Devices = "/dev/dri";

    /// <summary>Number of frames encoded; the same number must come out.</summary>
    public const int FrameCount = 8;

    /// <summary>Timeout of one probe. A sleeping GPU takes seconds to wake.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    /// <summary>Characters of output that are read.</summary>
    private const int MaxOutputLength = 64 * 1024;

    /// <summary>Devices of the NVIDIA driver, and of WSL.</summary>
    private static readonly string[] OtherDevices = ["/dev/nvidiactl", "/dev/dxg"];

    /// <summary>Indicates whether a hardware device node exists.</summary>
    public bool HasHardwareDevice => OtherDevices.Any(File.Exists) || FindRenderNode() is not null;

    /// <summary>The first render node, which ffmpeg selects too, or <see langword="null"/>.</summary>
    public string? FindRenderNode()
    {
        try
        {
            return Directory.EnumerateFileSystemEntries(devices, "renderD*").Order(StringComparer.Ordinal).FirstOrDefault();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Names of the encoders in this ffmpeg build.</summary>
    /// <exception cref="IOException">ffmpeg cannot be started, or its output was empty.</exception>
    public async Task<IReadOnlySet<string>> BuiltInAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        var (output, lines, _) = await RunAsync(["-nostdin", "-hide_banner", "-loglevel", "error", "-encoders"], WorkerLimits.Software,
            timeout.Token);
        cancellationToken.ThrowIfCancellationRequested();

        // " V....D libx264              libx264 H.264 …"
        var names = output.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length > 1 && w[0].Length == 6 && w[0][0] == 'V').Select(w => w[1])
            .ToHashSet(StringComparer.Ordinal);
        return names.Count > 0 ? names
            : throw new IOException($"{program} listed no encoders{(lines is [var line, ..] ? ": " + line : "")}");
    }

    /// <summary>
    /// Reason why this ffmpeg cannot tone-map HDR video for rungs (<see cref="ToneMapping"/>); <see langword="null"/> if it can. Throws
    /// only on cancellation.
    /// </summary>
    public Task<string?> ToneMappingAsync(CancellationToken cancellationToken) =>
        TryAsync(ToneMapping.ProbeArguments(), ToneMapping.ProbeFrames, WorkerLimits.Software, cancellationToken);

    /// <summary>Probes one encoder. Throws only on cancellation.</summary>
    /// <param name="candidate">The encoder.</param>
    /// <param name="builtIn">See <see cref="BuiltInAsync"/>.</param>
    /// <param name="cancellationToken">Stops the process.</param>
    public async Task<EncoderStatus> ProbeAsync(EncoderCandidate candidate, IReadOnlySet<string> builtIn,
        CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var error = await ErrorAsync(candidate, builtIn, cancellationToken);
        return new EncoderStatus(candidate.Encoder, EncoderBackend.Of(candidate.Vendor).OptionName, candidate.Codec, candidate.IsForRungs,
            error is null, error, time.GetUtcNow(), time.GetElapsedTime(started));
    }

    private async Task<string?> ErrorAsync(EncoderCandidate candidate, IReadOnlySet<string> builtIn, CancellationToken cancellationToken)
    {
        if (!builtIn.Contains(candidate.Encoder))
        {
            return "not included in this ffmpeg build";
        }

        var renderNode = candidate.NeedsRenderNode ? FindRenderNode() : null;
        if (candidate.NeedsRenderNode && renderNode is null)
        {
            return $"no render node in {devices}, so no usable GPU";
        }

        return await TryAsync(candidate.ProbeArguments(renderNode), FrameCount,
            candidate.Vendor == EncoderVendor.Software ? WorkerLimits.Software : WorkerLimits.Hardware, cancellationToken);
    }

    /// <summary>Runs ffmpeg and counts the frames that it reports.</summary>
    private async Task<string?> TryAsync(IReadOnlyList<string> arguments, int expectedFrames, WorkerLimits limits,
        CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Timeout);
        try
        {
            var (output, lines, exit) = await RunAsync(arguments, limits, timeout.Token);
            cancellationToken.ThrowIfCancellationRequested();
            if (timeout.IsCancellationRequested)
            {
                return string.Create(CultureInfo.InvariantCulture, $"no result within {Timeout.TotalSeconds:0} s");
            }

            var frames = output.Split('\n').Count(l => l.StartsWith("0,", StringComparison.Ordinal));
            return exit == 0 && frames == expectedFrames ? null : EncoderErrorParser.Describe(lines, exit);
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>Runs ffmpeg until it exits or is stopped.</summary>
    /// <exception cref="IOException">ffmpeg cannot be started.</exception>
    private async Task<(string Output, IReadOnlyList<string> Lines, int Exit)> RunAsync(IReadOnlyList<string> arguments,
        WorkerLimits limits, CancellationToken stop)
    {
        try
        {
            await using var process = WorkerProcess.Start(program, arguments, limits: limits);
            var output = process.ReadOutputAsync(MaxOutputLength);
            await process.WaitAsync(stop);
            return (await output, process.LastLines, process.ExitCode);
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{program} cannot be started: {e.Message}", e);
        }
    }
}
