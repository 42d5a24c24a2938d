using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.Codecs;
using Broadcast.Media.TranscoderToPackager;
using Broadcast.Transcoder.Encoders.Probing;
using Broadcast.Transcoder.Ladder;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Encodes the rungs of one publication. Maintains a worker process and delivers its output alongside the source, which is unaffected by
/// failures here. A worker that exits or hangs is replaced at once: the new worker decodes from the last sync sample and encodes from the
/// first missing frame. <see cref="EncodingPolicy"/> decides with which encoder and how much the next worker encodes. Not thread-safe;
/// frames arrive on the worker's thread. A source that cannot pass through (<see cref="PassthroughPolicy"/>) is re-encoded as the first
/// rung and dropped last.
/// </summary>
internal sealed class RungEncoder : IAsyncDisposable
{
    /// <summary>0.5 s: how far before the newest frame a worker starts that replaces a late one.</summary>
    private const long RestartDistanceWhenLate = MediaTime.VideoTimescale / 2;

    /// <summary>Maximum time that the end of the session waits for a process that hangs in its driver.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private readonly EncodingOptions _options;
    private readonly EncoderSelector _selector;
    private readonly BroadcastSession _session;
    private readonly SourceReencodeState _reencode;
    private readonly RungOutput _output;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly EncodingPolicy _policy;
    private readonly GopBuffer _gop = new();
    private readonly List<RungWorkerRun> _stopping = [];
    private readonly Dictionary<string, RungTrack> _rungTracks = [];
    private IReadOnlyList<Rung> _rungs = [];
    private SourceBitrate _sourceBitrate = new(0);
    private RungWorkerRun? _run;
    private Track? _track;
    private int _starts;
    private bool _waitsForSync = true;
    private bool _wasLate;

    // Presentation minus decode time of the source's newest sync sample.
    private long _lead;

    public RungEncoder(
        EncodingOptions options, EncoderSelector choice, BroadcastSession session, string ladder, ChannelWriter<RenditionSample> renditions,
        TimeProvider time, ILogger logger)
    {
        (_options, _selector, _session, _output, _time, _logger) = (options, choice, session, new RungOutput(renditions), time, logger);
        _reencode = new SourceReencodeState(ladder, session.Latency);
        _policy = new EncodingPolicy(choice, session.Channel, time, logger);
    }

    /// <summary>Current state; <see langword="null"/> if there is nothing to encode. Thread-safe.</summary>
    public EncodingState? State
    {
        get
        {
            var (rungs, run) = (Volatile.Read(ref _rungs), Volatile.Read(ref _run));
            if (rungs.Count == 0)
            {
                return null;
            }

            var (level, profile) = _policy.LevelAndProfile(rungs);
            return new EncodingState(
                run?.EncodePath.ToString(),
                [.. (run?.Profile.Rungs ?? []).Select(r => new EncodedRung(r.Name, r.Width, r.Height, r.BitsPerSecond))],
                [.. rungs.Except(profile.Rungs).Select(r => r.Name)], profile.SpeedLevel, profile.IsHalfRate, level,
                _policy.Reason, run?.LagBehind(_output.NewestPresent) ?? TimeSpan.Zero,
                Math.Max(0, Volatile.Read(ref _starts) - 1)) { ReencodeReason = _reencode.Reason };
        }
    }

    /// <summary>
    /// Renditions that the tracks are expected to get. Knowing them early adds them to the first segment, although the encoder needs time
    /// to start.
    /// </summary>
    public static IEnumerable<Rendition> Expected(string ladder, IReadOnlyList<Track> tracks, bool canToneMap = false) =>
        tracks.Where(t => t.Kind == TrackKind.Video).ToList() is [var track]
        ? SourceReencodeState.RungsOf(ladder, track, track.DeclaredBitsPerSecond, canToneMap).Select(RenditionOf) : [];

    /// <summary>Accepts the source's next frame.</summary>
    public void Push(in MediaSample sample)
    {
        if (!RungOutput.CanEncode(sample))
        {
            return;
        }

        _output.RecordSource(sample);
        if (!ReferenceEquals(_track, sample.Track))
        {
            Drain();
            _gop.Clear();
            _track = sample.Track;
            _policy.ForgetFaultyRung();
            _sourceBitrate = new SourceBitrate(sample.Track.DeclaredBitsPerSecond);
            _rungs = _reencode.RungsOf(sample.Track, _sourceBitrate.Maximum, _selector.CanToneMap);
        }

        if (_sourceBitrate.Count(sample))
        {
            Plan(_reencode.RungsOf(sample.Track, _sourceBitrate.Maximum, _selector.CanToneMap));
        }

        _gop.Add(sample);
        _lead = sample.IsSync ? LeadOf(sample) : _lead;
        if (_run is { HasEnded: true } ended)
        {
            RecordExit(ended, ended.Reason, hasHung: false);
        }

        if (_run is null)
        {
            TryStart();
            return;
        }

        CheckWorker(_run);
        if (_run is null)
        {
            TryStart();
        }
        else if (!_waitsForSync || sample.IsSync)
        {
            Offer(_run, sample);
        }
    }

    /// <summary>Tries to deliver a re-encoded source. The next accepted frame is its first.</summary>
    /// <param name="next">That frame: no earlier frame in decode order is displayed after it.</param>
    /// <param name="lastDelivered">Presentation time of the last source frame delivered to viewers; <see cref="long.MinValue"/> for
    /// none.</param>
    /// <param name="rendition">The source's rendition, which the re-encoded source takes over.</param>
    /// <param name="reason">The reason.</param>
    /// <returns>
    /// <see langword="false"/> if the source must pass through: no encoder is available, the format is unsupported, or re-encoding was
    /// dropped.
    /// </returns>
    public bool TryReencode(in MediaSample next, long lastDelivered, Rendition rendition, string reason)
    {
        if (!RungOutput.CanEncode(next) || !_selector.IsKnown || !_selector.CanEncode || !_policy.MayStart
            || (_policy.IsHopeless && _run is not { HasOutput: true }))
        {
            return false;
        }

        _reencode.Require(rendition, reason);
        if (!ShouldReencode(next.Track))
        {
            return false;
        }

        Drain();
        _reencode.Begin((lastDelivered == long.MinValue ? next.Present.Ticks : lastDelivered + 1) + RungOutput.Offset);
        _rungs = _reencode.RungsOf(next.Track, _sourceBitrate.Maximum, _selector.CanToneMap);
        var track = TrackOf(_rungs[0]);
        (track.Last, track.Lead) = (lastDelivered, next.IsSync ? LeadOf(next) : _lead);
        EncodingLog.SourceReencoded(_logger, _session.Channel.Value, reason);
        return true;
    }

    /// <summary>Returns whether the source is still re-encoded at a sync sample where passthrough could resume.</summary>
    /// <param name="source">The source track from that sample on.</param>
    public bool IsStillReencoded(Track source) => _reencode.IsOn && ShouldReencode(source);

    /// <summary>Resumes passthrough: re-encoded frames are no longer delivered.</summary>
    public void EndReencode()
    {
        _reencode.End();
        if (_run is { } run)
        {
            Abandon(run);
        }

        EncodingLog.PassthroughResumed(_logger, _session.Channel.Value, _policy.Reason ?? "it cannot be re-encoded");
    }

    /// <summary>Ends the publication after the received frames are encoded and delivered.</summary>
    public async ValueTask DisposeAsync()
    {
        Drain();
        foreach (var run in _stopping)
        {
            // An abandoned process may hang in its driver, where it cannot be killed.
            await run.Ended.WaitAsync(StopTimeout, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (run.HasEnded)
            {
                await run.DisposeAsync();
            }
        }
    }

    private void Offer(RungWorkerRun run, in MediaSample sample)
    {
        _waitsForSync = !run.TryOffer(sample);
        if (_waitsForSync)
        {
            DroppedSamples.Count(PipelineStage.Encoder);
        }
    }

    private void TryStart()
    {
        if (_gop.Count == 0 || !_policy.MayStart || !_selector.IsKnown
            || SourceHeader.Of(_gop.From(long.MaxValue)[0]) is not { } header)
        {
            return;
        }

        _policy.RestoreIfDue(_rungs);
        var profile = _policy.ProfileOf(_rungs);
        if (profile.Rungs.Count == 0 || (SourceReencode.Is(profile.Rungs[0]) && !_reencode.IsOn))
        {
            return;
        }

        var tracks = profile.Rungs.Select(TrackOf).ToList();

        // The previous worker still encodes what precedes the switch to re-encoding.
        var earliest = Math.Max(_wasLate ? _output.NewestPresent - RestartDistanceWhenLate : long.MinValue,
            _reencode.First - RungOutput.Offset ?? long.MinValue);
        var (frames, from) = ResumePlan.Of(_gop, [.. tracks.Select(l => l.Last)], earliest);

        // Only software decoding deinterlaces and tone-maps.
        var mayBeInterlaced = _track is { Config: CodecConfig.Avc { Sequence.MayBeInterlaced: true } };
        var hdrColor = ToneMapping.IsNeeded(_track?.Color) ? _track!.Color : null;
        var path = _policy.SelectPath(mustBeSoftware: mayBeInterlaced || hdrColor is not null, profile.Rungs.Count);
        var renderNode = path.IsSoftware ? null : _selector.RenderNode;
        var keys = _reencode.KeysOf(frames[0].Present.Ticks + RungOutput.Offset);
        var isHurried = _session.Latency.Name == LatencyProfile.Low.Name;
        var job = new EncoderJob(
            header, RungOutput.Offset, profile.Rungs.Count,
            (input, outputs) => new EncodeCommand(input, profile, outputs, isHurried, from) { EncodePath = path, RenderNode = renderNode,
                Keys = keys, MayBeInterlaced = mayBeInterlaced, HdrColor = hdrColor }.Arguments(), AnnexBConverter.ConfigurationOf)
        {
            Limits = path.IsSoftware ? WorkerLimits.Software : WorkerLimits.Hardware,
        };
        _policy.RecordStart();
        (_waitsForSync, _wasLate) = (true, false);
        _starts++;
        _run = new RungWorkerRun(_options.Ffmpeg, job, profile, path, tracks, _selector.ProbeTimeOf(path.Vendor), _output.Pass, _time);
        EncodingLog.Started(_logger, _session.Channel.Value, string.Join(", ", profile.Rungs.Select(r => r.Name)), path.ToString(),
            profile.SpeedLevel, profile.IsHalfRate);
        foreach (var frame in frames)
        {
            Offer(_run, frame);
        }
    }

    private RungTrack TrackOf(Rung rung)
    {
        if (!_rungTracks.TryGetValue(rung.Name, out var track))
        {
            _rungTracks[rung.Name] = track = new RungTrack(SourceReencode.Is(rung) ? _reencode.Rendition! : RenditionOf(rung),
                _rungTracks.Count);
        }

        return track;
    }

    /// <summary>Checks that the worker is alive and fast enough.</summary>
    private void CheckWorker(RungWorkerRun run)
    {
        if (run.HangReason() is { } hangReason)
        {
            Abandon(run);
            RecordExit(run, hangReason, hasHung: true);
            return;
        }

        if (!run.HasOutput && run.Age < DegradationController.SettlingTime)
        {
            // Its speed is unknown yet: the lag still comes from the previous worker.
            return;
        }

        if (_policy.ShouldRetryOmittedRung(run.EncodePath, run.Age))
        {
            Abandon(run);
            return;
        }

        if (_policy.TryChangeLevel(run.LagBehind(_output.NewestPresent), _gop.FrameInterval, _rungs, out var isLower))
        {
            _wasLate = isLower;

            // Late frames are better than none: a dropped re-encode continues until the source's next keyframe, which may be far away.
            if (!_reencode.IsOn || ShouldReencode(_track!))
            {
                Abandon(run);
            }
        }
    }

    /// <summary>Stops a worker at once, to be replaced.</summary>
    private void Abandon(RungWorkerRun run)
    {
        run.Abandon();
        Detach(run);
    }

    private void Detach(RungWorkerRun run)
    {
        _stopping.RemoveAll(r => r.HasEnded);
        _stopping.Add(run);
        _run = null;
    }

    /// <summary>Records that a worker exited or hangs.</summary>
    private void RecordExit(RungWorkerRun run, string reason, bool hasHung)
    {
        _run = null;
        _policy.RecordExit(
            new WorkerExit(run.EncodePath, run.Age, run.HasOutput, hasHung, reason) { HasDecoderErrors = run.HasDecoderErrors }, _rungs,
            _reencode.IsOn);
    }

    /// <summary>Ends the worker's input; it exits when it has drained.</summary>
    private void Drain()
    {
        _waitsForSync = true;
        if (_run is { } run)
        {
            run.Complete();
            _policy.RecordSourceChange(run.StartedAt);
            Detach(run);
        }
    }

    /// <summary>Replaces the planned rungs when the source's measured bitrate exceeds the declared one.</summary>
    private void Plan(IReadOnlyList<Rung> rungs)
    {
        if (!rungs.SequenceEqual(_rungs))
        {
            _rungs = rungs;
            if (_run is { } run)
            {
                Abandon(run);
            }
        }
    }

    private static long LeadOf(in MediaSample sample) => sample.Present.Ticks - sample.Decode.Ticks;

    /// <summary>Returns whether the source can be re-encoded, and this was not dropped.</summary>
    private bool ShouldReencode(Track source) =>
        _policy.EncodesSource(_reencode.RungsOf(source, _sourceBitrate.Maximum, _selector.CanToneMap));

    private static Rendition RenditionOf(Rung rung) => new(rung.Name, TrackKind.Video, IsLeading: false);
}
