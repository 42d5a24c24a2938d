using System.Globalization;
using System.ComponentModel;
using Broadcast.Transcoder.Encoders.Vendors;
using Broadcast.Transcoder.Workers;

namespace Broadcast.Transcoder.Encoders.Proof;

/// <summary>Proves encoders by really encoding with them: a list of names says nothing about the machine.</summary>
/// <param name="program">Path or name of ffmpeg.</param>
/// <param name="time">The clock.</param>
/// <param name="devices">The folder of the kernel's render nodes.</param>
internal sealed class EncoderProof(string program, TimeProvider time, string devices = EncoderProof.Devices)
{
    /// <summary>Where Linux has its render nodes.</summary>
    public const string Devices = "/dev/dri";

    /// <summary>Pictures that are encoded; as many must come out.</summary>
    public const int Pictures = 8;

    /// <summary>A process is given so long. A GPU that sleeps takes seconds to wake.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Characters kept of what it prints.</summary>
    private const int LongestOutput = 64 * 1024;

    /// <summary>Devices of NVIDIA's driver, and of Windows' for Linux.</summary>
    private static readonly string[] OtherDevices = ["/dev/nvidiactl", "/dev/dxg"];

    /// <summary>Whether the kernel shows a device that hardware could be behind.</summary>
    public bool MayHaveHardware => OtherDevices.Any(File.Exists) || Node() is not null;

    /// <summary>The first render node, which is what ffmpeg takes too, or <see langword="null"/>.</summary>
    public string? Node()
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

    /// <summary>Names of the encoders that this ffmpeg has been built with.</summary>
    /// <exception cref="IOException">It cannot be started, or gave no answer.</exception>
    public async Task<IReadOnlySet<string>> BuiltInAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var (output, lines, _) = await RunAsync(["-nostdin", "-hide_banner", "-loglevel", "error", "-encoders"], WorkerLimits.Processor, patience.Token);
        cancellationToken.ThrowIfCancellationRequested();

        // " V....D libx264              libx264 H.264 …"
        var names = output.Split('\n').Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(w => w.Length > 1 && w[0].Length == 6 && w[0][0] == 'V').Select(w => w[1])
            .ToHashSet(StringComparer.Ordinal);
        return names.Count > 0 ? names : throw new IOException($"{program} does not say which encoders it has{(lines is [var line, ..] ? ": " + line : "")}");
    }

    /// <summary>Why this ffmpeg cannot map high dynamic range to what rungs have (<see cref="ToneMapping"/>); <see langword="null"/> where it can. Never fails but by being canceled.</summary>
    public Task<string?> ToneMappingAsync(CancellationToken cancellationToken) => TryAsync(ToneMapping.Trial(), ToneMapping.TrialPictures, WorkerLimits.Processor, cancellationToken);

    /// <summary>Proves one. Never fails but by being canceled.</summary>
    /// <param name="candidate">Which.</param>
    /// <param name="builtIn">See <see cref="BuiltInAsync"/>.</param>
    /// <param name="cancellationToken">Ends the process.</param>
    public async Task<EncoderStanding> ProveAsync(EncoderCandidate candidate, IReadOnlySet<string> builtIn, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var refusal = await RefusalAsync(candidate, builtIn, cancellationToken);
        return new EncoderStanding(candidate.Encoder, VendorParts.Of(candidate.Vendor).Word, candidate.Codec, candidate.IsForRungs, refusal is null, refusal, time.GetUtcNow(), time.GetElapsedTime(started));
    }

    private async Task<string?> RefusalAsync(EncoderCandidate candidate, IReadOnlySet<string> builtIn, CancellationToken cancellationToken)
    {
        if (!builtIn.Contains(candidate.Encoder))
        {
            return "not built into this ffmpeg";
        }

        var node = candidate.NeedsNode ? Node() : null;
        if (candidate.NeedsNode && node is null)
        {
            return $"no {devices} render node, so no GPU that it could use";
        }

        return await TryAsync(candidate.Trial(node), Pictures, candidate.Vendor == Vendor.Software ? WorkerLimits.Processor : WorkerLimits.Hardware, cancellationToken);
    }

    /// <summary>Runs ffmpeg and counts the pictures that it tells of.</summary>
    private async Task<string?> TryAsync(IReadOnlyList<string> arguments, int wanted, WorkerLimits limits, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var (output, lines, exit) = await RunAsync(arguments, limits, patience.Token);
            cancellationToken.ThrowIfCancellationRequested();
            if (patience.IsCancellationRequested)
            {
                return string.Create(CultureInfo.InvariantCulture, $"no answer within {Patience.TotalSeconds:0} s");
            }

            var pictures = output.Split('\n').Count(l => l.StartsWith("0,", StringComparison.Ordinal));
            return exit == 0 && pictures == wanted ? null : Refusal.Tell(lines, exit);
        }
        catch (IOException e)
        {
            return e.Message;
        }
    }

    /// <summary>Runs ffmpeg to its end, or until it is ended.</summary>
    /// <exception cref="IOException">It cannot be started.</exception>
    private async Task<(string Output, IReadOnlyList<string> Lines, int Exit)> RunAsync(IReadOnlyList<string> arguments, WorkerLimits limits, CancellationToken stop)
    {
        try
        {
            await using var process = WorkerProcess.Start(program, arguments, limits: limits);
            var output = process.ReadOutputAsync(LongestOutput);
            await process.WaitAsync(stop);
            return (await output, process.LastLines, process.ExitCode);
        }
        catch (Win32Exception e)
        {
            throw new IOException($"{program} cannot be started: {e.Message}", e);
        }
    }
}
