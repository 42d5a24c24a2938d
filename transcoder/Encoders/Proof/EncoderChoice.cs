using Broadcast.Transcoder.Encoders.Vendors;
using Broadcast.Transcoder.Workers;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broadcast.Transcoder.Encoders.Proof;

/// <summary>
/// Knows which encoders of this machine work, and chooses. All are proved at the start, in the background; hardware that fails later is used by nobody until it is proved again, which is tried every
/// <see cref="Retry"/>. That is also what becomes of hardware that encodes as many sessions as it may: the next ones go to the processor until one more is possible.
/// </summary>
internal sealed class EncoderChoice(IOptions<EncodingOptions> options, TimeProvider time, ILogger<EncoderChoice> logger) : BackgroundService, IEncoderStandings
{
    /// <summary>How long hardware that failed is left alone.</summary>
    public static readonly TimeSpan Retry = TimeSpan.FromSeconds(30);

    /// <summary>Sessions that begin before the hardware is proved wait for that, but no longer than so from the start of the server.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly EncoderProof _proof = new(options.Value.Ffmpeg, time);
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly Lock _gate = new();
    private readonly Dictionary<EncoderCandidate, EncoderStanding> _standings = [];
    private readonly HashSet<EncoderCandidate> _distrusted = [];
    private readonly long _started = time.GetTimestamp();
    private volatile bool _isKnown;
    private volatile string? _noToneMapping;
    private volatile bool _isWithout;
    private volatile bool _isProved;

    /// <summary>One that knows of no hardware and asks for none.</summary>
    public static EncoderChoice Processor(TimeProvider time) =>
        new(Options.Create(new EncodingOptions()), time, NullLogger<EncoderChoice>.Instance) { _isKnown = true };

    /// <inheritdoc/>
    public IReadOnlyList<EncoderStanding> Standings
    {
        get
        {
            lock (_gate)
            {
                return [.. EncoderCandidate.All.Where(_standings.ContainsKey).Select(c => _standings[c])];
            }
        }
    }

    /// <inheritdoc/>
    public string Confinement => Held.Told;

    /// <inheritdoc/>
    public bool IsConfined => Held != Workers.Confinement.None;

    private Workers.Confinement Held => Workers.Confinement.Of(options.Value.Ffmpeg, WorkerLimits.Processor);

    /// <summary>Whether it is known what the hardware for rungs does, or there is none to wait for.</summary>
    public bool IsKnown => _isKnown || !_proof.MayHaveHardware || options.Value.Encoder == SoftwareParts.Instance.Word || time.GetElapsedTime(_started) > LongestWait;

    /// <summary>Whether pictures of high dynamic range can be mapped to what rungs have. It counts as possible before it has been tried.</summary>
    public bool MapsTones => _noToneMapping is null;

    /// <summary>Whether anything may encode rungs here: all but where ffmpeg was found to be missing, or to have no encoder of H.264 that works.</summary>
    public bool MayEncode
    {
        get
        {
            lock (_gate)
            {
                return !_isWithout && (!_isProved || _standings.Any(s => s is { Key.IsForRungs: true, Value.Works: true }));
            }
        }
    }

    /// <summary>The render node that vendors who need one are opened through.</summary>
    public string? Node => _proof.Node();

    /// <summary>How a session is best encoded now.</summary>
    /// <param name="isBarred">Tells ways that this session has been let down by.</param>
    public Route Best(Func<Route, bool> isBarred)
    {
        lock (_gate)
        {
            return EncoderCandidate.All
                .Where(c => c is { IsForRungs: true, Vendor: not Vendor.Software } && options.Value.Encoder is var word && (word == EncodingOptions.Auto || word == VendorParts.Of(c.Vendor).Word))
                .Where(c => _standings.TryGetValue(c, out var standing) && standing.Works)
                .SelectMany(c => (Route[])[new(c.Vendor, StaysOnDevice: true), new(c.Vendor, StaysOnDevice: false)])
                .FirstOrDefault(route => !isBarred(route)) ?? Route.Processor;
        }
    }

    /// <summary>How long the first picture took when it was proved; zero where it was not.</summary>
    public TimeSpan TookOf(Vendor vendor)
    {
        lock (_gate)
        {
            return EncoderCandidate.All.FirstOrDefault(c => c.IsForRungs && c.Vendor == vendor) is { } candidate && _standings.TryGetValue(candidate, out var standing) ? standing.Took : TimeSpan.Zero;
        }
    }

    /// <summary>Hardware has failed with a session: nobody uses it before it is proved again.</summary>
    /// <param name="vendor">Whose.</param>
    /// <param name="reason">Why, in plain words.</param>
    public void Distrust(Vendor vendor, string reason)
    {
        lock (_gate)
        {
            foreach (var candidate in EncoderCandidate.All.Where(c => c.IsForRungs && c.Vendor == vendor && vendor != Vendor.Software))
            {
                if (_standings.TryGetValue(candidate, out var standing) && standing.Works)
                {
                    _standings[candidate] = standing with { Works = false, Refusal = reason, ProvedAt = time.GetUtcNow() };
                    _distrusted.Add(candidate);
                    EncoderLog.Distrusted(logger, candidate.Encoder, reason, Retry.TotalSeconds);
                }
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<EncoderStanding>> ProveAsync(CancellationToken cancellationToken)
    {
        await ProveAsync(_ => true, cancellationToken);
        return Standings;
    }

    public override void Dispose()
    {
        // Whoever waits is told to stop first: a server whose start failed is disposed of without having been stopped.
        base.Dispose();
        _oneAtATime.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await KeepAsync(stoppingToken);
        }
        catch (Exception) when (stoppingToken.IsCancellationRequested)
        {
            // The server ends, and takes away what a proof works with.
        }
        catch (Exception e)
        {
            // A server goes on without hardware; it does not end because it cannot be proved.
            EncoderLog.NotProved(logger, e.Message);
        }
    }

    private async Task KeepAsync(CancellationToken stoppingToken)
    {
        if (WorkerFolder.RemoveLeftovers(time.GetUtcNow()) is > 0 and var removed)
        {
            EncoderLog.Removed(logger, removed);
        }

        EncoderLog.Confined(logger, Confinement);
        await ProveAsync(_ => true, stoppingToken);
        Summarize();
        using var timer = new PeriodicTimer(Retry / 2, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            await ProveAsync(IsDue, stoppingToken);
        }
    }

    /// <summary>Whether it worked when it was first proved, has failed since, and has been left alone for long enough.</summary>
    private bool IsDue(EncoderCandidate candidate)
    {
        lock (_gate)
        {
            return _distrusted.Contains(candidate) && _standings.TryGetValue(candidate, out var standing) && !standing.Works && time.GetUtcNow() - standing.ProvedAt >= Retry;
        }
    }

    private async Task ProveAsync(Func<EncoderCandidate, bool> isWanted, CancellationToken cancellationToken)
    {
        if (!EncoderCandidate.All.Any(isWanted))
        {
            return;
        }

        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            var builtIn = await _proof.BuiltInAsync(cancellationToken);
            foreach (var candidate in EncoderCandidate.All.Where(isWanted).ToList())
            {
                _isKnown |= candidate.Vendor == Vendor.Software;
                Set(candidate, await _proof.ProveAsync(candidate, builtIn, cancellationToken));
            }

            _noToneMapping = await _proof.ToneMappingAsync(cancellationToken);
            (_isWithout, _isProved) = (false, true);
        }
        catch (IOException e)
        {
            EncoderLog.NotProved(logger, e.Message);
            _isWithout = true;
        }
        finally
        {
            _isKnown = true;
            _oneAtATime.Release();
        }
    }

    private void Set(EncoderCandidate candidate, EncoderStanding standing)
    {
        lock (_gate)
        {
            var worked = _standings.TryGetValue(candidate, out var before) && before.Works;
            _standings[candidate] = standing;
            if (!standing.Works && candidate.Vendor != Vendor.Software && (worked || Refusal.IsSessionCap(standing.Refusal!)))
            {
                _distrusted.Add(candidate);
            }

            if (standing.Works && _distrusted.Remove(candidate))
            {
                EncoderLog.Trusted(logger, candidate.Encoder);
            }
        }
    }

    private void Summarize()
    {
        var standings = Standings;
        if (standings.Count == 0)
        {
            return;
        }

        EncoderLog.Proved(
            logger, string.Join(", ", standings.Where(s => s.Works).Select(s => s.Encoder)), string.Join("; ", standings.Where(s => !s.Works).Select(s => $"{s.Encoder} ({s.Refusal})")));
        if (_noToneMapping is { } reason)
        {
            EncoderLog.MapsNoTones(logger, reason);
        }

        var word = options.Value.Encoder;
        if (word != EncodingOptions.Auto && standings.FirstOrDefault(s => s.IsForRungs && s.Vendor == word) is { Works: false } asked)
        {
            EncoderLog.AskedForInVain(logger, word, asked.Refusal!);
        }
    }
}

internal static partial class EncoderLog
{
    [LoggerMessage(2030, LogLevel.Information, "Encoders that work here: {Working}. Not: {Refused}")]
    public static partial void Proved(ILogger logger, string working, string refused);

    [LoggerMessage(2031, LogLevel.Warning, "Encoders cannot be proved: {Reason}. Rungs are tried with x264")]
    public static partial void NotProved(ILogger logger, string reason);

    [LoggerMessage(2032, LogLevel.Warning, "Encoding:Encoder asks for {Word}, which does not work here ({Reason}): rungs are encoded with x264")]
    public static partial void AskedForInVain(ILogger logger, string word, string reason);

    [LoggerMessage(2037, LogLevel.Warning, "This ffmpeg cannot map high dynamic range (zscale, tonemap: {Reason}): sources that have it get no rungs")]
    public static partial void MapsNoTones(ILogger logger, string reason);

    [LoggerMessage(2035, LogLevel.Information, "Encoder processes: {Confinement}")]
    public static partial void Confined(ILogger logger, string confinement);

    [LoggerMessage(2036, LogLevel.Information, "Removed what {Count} encoder processes of a server that was killed had left behind")]
    public static partial void Removed(ILogger logger, int count);

    [LoggerMessage(2033, LogLevel.Warning, "Encoder {Encoder} is not used any more ({Reason}); it is tried again every {Seconds:0} s")]
    public static partial void Distrusted(ILogger logger, string encoder, string reason, double seconds);

    [LoggerMessage(2034, LogLevel.Information, "Encoder {Encoder} works again")]
    public static partial void Trusted(ILogger logger, string encoder);
}
