using Broadcast.Media;
using Broadcast.Transcoder.Encoders.Backends;
using Broadcast.Transcoder.Workers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Encoders.Probing;

/// <summary>
/// Selects an encoder that works on this machine. All are probed at startup, in the background. Hardware that fails later in one channel is
/// probed; the video of that channel may be the cause. It is not used if the probe fails, or if a second channel fails within
/// <see cref="SuspicionTime"/>, until a probe, repeated every <see cref="RetryInterval"/>, succeeds. The same applies to hardware at its
/// session limit: new sessions use software until one more is possible.
/// </summary>
internal sealed class EncoderSelector(IOptions<EncodingOptions> options, TimeProvider time, ILogger<EncoderSelector> logger)
    : BackgroundService, IEncoderStatuses
{
    /// <summary>Time before failed hardware is probed again.</summary>
    public static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(30);

    /// <summary>Time in which the failures of two channels count as those of the hardware.</summary>
    public static readonly TimeSpan SuspicionTime = TimeSpan.FromMinutes(10);

    /// <summary>Maximum wait for the first probe, from server startup, of sessions that start before it.</summary>
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly EncoderProbe _probe = new(options.Value.Ffmpeg, time);
    private readonly SemaphoreSlim _probeLock = new(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<EncoderCandidate, EncoderStatus> _statuses = [];
    private readonly HashSet<EncoderCandidate> _excluded = [];
    private readonly HashSet<EncoderCandidate> _suspected = [];
    private readonly Dictionary<EncoderVendor, (ChannelName Channel, DateTimeOffset At)> _failures = [];
    private readonly long _started = time.GetTimestamp();
    private volatile bool _isKnown;
    private volatile string? _toneMappingError;
    private volatile bool _isUnavailable;
    private volatile bool _isProbed;

    /// <summary>Creates a selector that uses software only.</summary>
    public static EncoderSelector SoftwareOnly(TimeProvider time) =>
        new(Options.Create(new EncodingOptions()), time, NullLogger<EncoderSelector>.Instance) { _isKnown = true };

    /// <inheritdoc/>
    public IReadOnlyList<EncoderStatus> Statuses
    {
        get
        {
            lock (_gate)
            {
                return [.. EncoderCandidate.All.Where(_statuses.ContainsKey).Select(c => _statuses[c])];
            }
        }
    }

    /// <inheritdoc/>
    public string Sandbox => CurrentSandbox.Description;

    /// <inheritdoc/>
    public bool IsSandboxed => CurrentSandbox != Broadcast.Transcoder.Workers.Sandbox.None;

    /// <inheritdoc/>
    public string? SandboxGaps => CurrentSandbox.Gaps;

    private Broadcast.Transcoder.Workers.Sandbox CurrentSandbox =>
        Broadcast.Transcoder.Workers.Sandbox.Of(options.Value.Ffmpeg, WorkerLimits.Software);

    /// <summary>Indicates whether the state of the rung hardware is known, or need not be awaited.</summary>
    public bool IsKnown => _isKnown || !_probe.HasHardwareDevice || options.Value.Encoder == SoftwareBackend.Instance.OptionName
        || time.GetElapsedTime(_started) > MaxWait;

    /// <summary>Indicates whether HDR video can be tone-mapped for rungs. True until tested.</summary>
    public bool CanToneMap => _toneMappingError is null;

    /// <summary>Indicates whether rungs can be encoded. False only if ffmpeg is missing or has no working H.264 encoder.</summary>
    public bool CanEncode
    {
        get
        {
            lock (_gate)
            {
                return !_isUnavailable && (!_isProbed || _statuses.Any(s => s is { Key.IsForRungs: true, Value.Works: true }));
            }
        }
    }

    /// <summary>Render node for backends that need one.</summary>
    public string? RenderNode => _probe.FindRenderNode();

    /// <summary>The best way to encode a session now.</summary>
    /// <param name="isAvoided">Returns whether the session avoids a path.</param>
    public EncodePath Best(Func<EncodePath, bool> isAvoided)
    {
        lock (_gate)
        {
            return EncoderCandidate.All
                .Where(c => c is { IsForRungs: true, Vendor: not EncoderVendor.Software } && options.Value.Encoder is var requested
                    && (requested == EncodingOptions.Auto || requested == EncoderBackend.Of(c.Vendor).OptionName))
                .Where(c => _statuses.TryGetValue(c, out var status) && status.Works)
                .SelectMany(c => (EncodePath[])[new(c.Vendor, StaysOnDevice: true), new(c.Vendor, StaysOnDevice: false)])
                .FirstOrDefault(path => !isAvoided(path)) ?? EncodePath.Software;
        }
    }

    /// <summary>Time to the first frame in the probe; zero if not probed.</summary>
    public TimeSpan ProbeTimeOf(EncoderVendor vendor)
    {
        lock (_gate)
        {
            return EncoderCandidate.All.FirstOrDefault(c => c.IsForRungs && c.Vendor == vendor) is { } candidate
                && _statuses.TryGetValue(candidate, out var status) ? status.Duration : TimeSpan.Zero;
        }
    }

    /// <summary>
    /// Records that hardware failed in one channel. It is probed soon, and excluded if another channel failed shortly before.
    /// </summary>
    /// <param name="vendor">The vendor.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="reason">The failure reason.</param>
    public void Suspect(EncoderVendor vendor, ChannelName channel, string reason)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_failures.TryGetValue(vendor, out var earlier) && earlier.Channel != channel && now - earlier.At <= SuspicionTime)
            {
                Exclude(vendor, reason);
            }
            else
            {
                _suspected.UnionWith(RungCandidatesOf(vendor));
            }

            _failures[vendor] = (channel, now);
        }
    }

    /// <summary>Excludes hardware until it is probed again.</summary>
    /// <param name="vendor">The vendor.</param>
    /// <param name="reason">The failure reason.</param>
    public void Exclude(EncoderVendor vendor, string reason)
    {
        lock (_gate)
        {
            foreach (var candidate in RungCandidatesOf(vendor))
            {
                if (_statuses.TryGetValue(candidate, out var status) && status.Works)
                {
                    _statuses[candidate] = status with { Works = false, Error = reason, ProbedAt = time.GetUtcNow() };
                    _excluded.Add(candidate);
                    EncoderLog.EncoderDisabled(logger, candidate.Encoder, reason, RetryInterval.TotalSeconds);
                }
            }
        }
    }

    private static IEnumerable<EncoderCandidate> RungCandidatesOf(EncoderVendor vendor) =>
        EncoderCandidate.All.Where(c => c.IsForRungs && c.Vendor == vendor && vendor != EncoderVendor.Software);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EncoderStatus>> ProbeAsync(CancellationToken cancellationToken)
    {
        await ProbeAsync(_ => true, cancellationToken);
        return Statuses;
    }

    public override void Dispose()
    {
        // Waiters must be canceled first: a server whose startup failed is disposed without having been stopped.
        base.Dispose();
        _probeLock.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await MonitorAsync(stoppingToken);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The server is stopping and disposes the probe's resources.
        }
        catch (Exception e)
        {
            // A failed probe must not stop the server: it continues without hardware.
            EncoderLog.ProbeFailed(logger, e.Message);
        }
    }

    private async Task MonitorAsync(CancellationToken stoppingToken)
    {
        if (WorkerFolder.RemoveLeftovers(time.GetUtcNow()) is > 0 and var removed)
        {
            EncoderLog.WorkerFoldersRemoved(logger, removed);
        }

        EncoderLog.Sandboxed(logger, SandboxGaps is { } gaps ? $"{Sandbox}; {gaps}" : Sandbox);
        await ProbeAsync(_ => true, stoppingToken);
        Summarize();
        using var timer = new PeriodicTimer(RetryInterval / 2, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await ProbeAsync(IsDue, stoppingToken);
        }
    }

    /// <summary>
    /// Returns whether the encoder worked at the first probe, and has failed in one channel or is due for a retry.
    /// </summary>
    private bool IsDue(EncoderCandidate candidate)
    {
        lock (_gate)
        {
            return _suspected.Contains(candidate)
                || (_excluded.Contains(candidate) && _statuses.TryGetValue(candidate, out var status) && !status.Works
                && time.GetUtcNow() - status.ProbedAt >= RetryInterval);
        }
    }

    private async Task ProbeAsync(Func<EncoderCandidate, bool> isWanted, CancellationToken cancellationToken)
    {
        if (!EncoderCandidate.All.Any(isWanted))
        {
            return;
        }

        await _probeLock.WaitAsync(cancellationToken);
        try
        {
            var builtIn = await _probe.BuiltInAsync(cancellationToken);
            foreach (var candidate in EncoderCandidate.All.Where(isWanted).ToList())
            {
                _isKnown |= candidate.Vendor == EncoderVendor.Software;
                Set(candidate, await _probe.ProbeAsync(candidate, builtIn, cancellationToken));
            }

            _toneMappingError = await _probe.ToneMappingAsync(cancellationToken);
            (_isUnavailable, _isProbed) = (false, true);
        }
        catch (IOException e)
        {
            EncoderLog.ProbeFailed(logger, e.Message);
            _isUnavailable = true;
        }
        finally
        {
            _isKnown = true;
            _probeLock.Release();
        }
    }

    private void Set(EncoderCandidate candidate, EncoderStatus status)
    {
        lock (_gate)
        {
            var worked = _statuses.TryGetValue(candidate, out var previous) && previous.Works;
            _statuses[candidate] = status;
            if (_suspected.Remove(candidate) && worked && !status.Works)
            {
                EncoderLog.EncoderDisabled(logger, candidate.Encoder, status.Error!, RetryInterval.TotalSeconds);
            }

            if (!status.Works && candidate.Vendor != EncoderVendor.Software && (worked || EncoderErrorParser.IsSessionCap(status.Error!)))
            {
                _excluded.Add(candidate);
            }

            if (status.Works && _excluded.Remove(candidate))
            {
                EncoderLog.EncoderRecovered(logger, candidate.Encoder);
            }
        }
    }

    private void Summarize()
    {
        var statuses = Statuses;
        if (statuses.Count == 0)
        {
            return;
        }

        EncoderLog.Probed(
            logger, string.Join(", ", statuses.Where(s => s.Works).Select(s => s.Encoder)),
            string.Join("; ", statuses.Where(s => !s.Works).Select(s => $"{s.Encoder} ({s.Error})")));
        if (_toneMappingError is { } reason)
        {
            EncoderLog.CannotToneMap(logger, reason);
        }

        var requested = options.Value.Encoder;
        if (requested != EncodingOptions.Auto && statuses.FirstOrDefault(s => s.IsForRungs && s.Vendor == requested)
            is { Works: false } requestedStatus)
        {
            EncoderLog.OptionUnavailable(logger, requested, requestedStatus.Error!);
        }
    }
}

internal static partial class EncoderLog
{
    [LoggerMessage(2030, LogLevel.Information, "Working encoders: {Working}; unavailable: {Unavailable}")]
    public static partial void Probed(ILogger logger, string working, string unavailable);

    [LoggerMessage(2031, LogLevel.Warning, "Encoder probe failed: {Reason}; using x264")]
    public static partial void ProbeFailed(ILogger logger, string reason);

    [LoggerMessage(2032, LogLevel.Warning, "Encoding:Encoder is {Option}, which does not work on this machine ({Reason}); using x264")]
    public static partial void OptionUnavailable(ILogger logger, string option, string reason);

    [LoggerMessage(2037, LogLevel.Warning, "ffmpeg cannot tone-map HDR (zscale, tonemap: {Reason}); HDR sources get no rungs")]
    public static partial void CannotToneMap(ILogger logger, string reason);

    [LoggerMessage(2035, LogLevel.Information, "Encoder sandbox: {Sandbox}")]
    public static partial void Sandboxed(ILogger logger, string sandbox);

    [LoggerMessage(2036, LogLevel.Information, "Removed folders of {Count} encoder processes left by a killed server")]
    public static partial void WorkerFoldersRemoved(ILogger logger, int count);

    [LoggerMessage(2033, LogLevel.Warning, "Encoder {Encoder} disabled: {Reason}; retrying every {Seconds:0} s")]
    public static partial void EncoderDisabled(ILogger logger, string encoder, string reason, double seconds);

    [LoggerMessage(2034, LogLevel.Information, "Encoder {Encoder} recovered")]
    public static partial void EncoderRecovered(ILogger logger, string encoder);
}
