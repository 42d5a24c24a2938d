using System.Diagnostics.Metrics;
using System.Globalization;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Encoders.Proof;
using Broadcast.Transcoder.Encoders.Vendors;
using Broadcast.Transcoder.Ladder;
using Broadcast.Transcoder.Nut;
using Broadcast.Transcoder.Workers;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// The rungs of one publication: watches its pictures, keeps a worker for them, and puts what that encodes beside the source, which goes on whatever happens here. A worker that dies, or hangs, is followed by
/// another within a moment: that one decodes from the last sync sample on and encodes from the first picture that is missing. One of hardware is followed at once by the next best encoder
/// (<see cref="EncoderChoice"/>, <see cref="LetDowns"/>). One that is slower than live gives way to one that does less (<see cref="Pace"/>, <see cref="Economy"/>), and so does one that keeps dying. Called from
/// one thread at a time; pictures come from the worker's. Where the source cannot be passed on (<see cref="SourceRule"/>), a copy of it is the first of the rungs, and the last that is given up.
/// </summary>
internal sealed class RungEncoder : IAsyncDisposable
{
    /// <summary>Characters of a reason that status pages show.</summary>
    private const int LongestReason = 300;

    /// <summary>Half a second: how far behind the newest picture a worker begins that follows one that was too slow.</summary>
    private const long LeftAfterBeingLate = MediaTime.VideoTimescale / 2;

    /// <summary>How long the end of the session waits for a process that hangs in its driver.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(5);

    private static readonly Counter<long> Deaths = Telemetry.Meter.CreateCounter<long>("broadcast_encoder_deaths", "{worker}", "Encoder processes that ended, or were ended because they hung.");

    private static readonly Counter<long> Steps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_encoder_steps", "{step}", "Steps by which encoding did less ('down') or more ('up').");

    private readonly EncodingOptions _options;
    private readonly EncoderChoice _choice;
    private readonly BroadcastSession _session;
    private readonly SourceCopying _copy;
    private readonly RungOutput _output;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Pace _pace = new();
    private readonly Suspicion _suspicion = new(Restarts.DeathsBeforeLess);
    private readonly Restarts _restarts;
    private readonly RecentPictures _recent = new();
    private readonly LetDowns _letDowns;
    private readonly List<RungRun> _ending = [];
    private readonly Dictionary<string, RungLane> _lanes = [];
    private IReadOnlyList<Rung> _rungs = [];
    private SourceBits _bits = new(0);
    private RungRun? _run;
    private Track? _track;
    private int _starts;
    private string? _why;
    private bool _waitsForSync = true;
    private bool _wasLate;

    // Of the source's newest sync sample.
    private long _lead;

    public RungEncoder(
        EncodingOptions options, EncoderChoice choice, BroadcastSession session, string ladder, ChannelWriter<RenditionSample> renditions, TimeProvider time, ILogger logger)
    {
        (_options, _choice, _session, _output, _time, _logger) = (options, choice, session, new RungOutput(renditions), time, logger);
        _copy = new SourceCopying(ladder, session.Latency);
        _letDowns = new LetDowns(time);
        _restarts = new Restarts(time);
    }

    /// <summary>How it goes; <see langword="null"/> where there is nothing to encode. Any thread may ask.</summary>
    public EncodingState? State
    {
        get
        {
            var (rungs, run, step) = (Volatile.Read(ref _rungs), Volatile.Read(ref _run), _pace.Step);
            if (rungs.Count == 0)
            {
                return null;
            }

            var effort = EffortAt(step, rungs);
            return new EncodingState(
                run?.Route.ToString(), [.. (run?.Effort.Rungs ?? []).Select(r => new EncodedRung(r.Name, r.Width, r.Height, r.BitsPerSecond))],
                [.. rungs.Except(effort.Rungs).Select(r => r.Name)], effort.Haste, effort.IsHalfRate, step, Volatile.Read(ref _why), run?.Behind(_output.NewestPresent) ?? TimeSpan.Zero,
                Math.Max(0, Volatile.Read(ref _starts) - 1)) { CopyReason = _copy.Reason };
        }
    }

    /// <summary>The renditions that tracks will get, as far as they tell: known from the beginning, they have the first segment too, though the encoder needs a moment to start.</summary>
    public static IEnumerable<Rendition> Expected(string ladder, IReadOnlyList<Track> tracks, bool mapsTones = false) =>
        tracks.Where(t => t.Kind == TrackKind.Video).ToList() is [var track] ? SourceCopying.RungsOf(ladder, track, track.ClaimedBitsPerSecond, mapsTones).Select(RenditionOf) : [];

    /// <summary>The source's next picture.</summary>
    public void Take(in MediaSample sample)
    {
        if (!RungOutput.IsFit(sample))
        {
            return;
        }

        _output.See(sample);
        if (!ReferenceEquals(_track, sample.Track))
        {
            Leave();
            _recent.Clear();
            _track = sample.Track;
            _suspicion.Forget();
            _bits = new SourceBits(sample.Track.ClaimedBitsPerSecond);
            _rungs = _copy.RungsOf(sample.Track, _bits.Most, _choice.MapsTones);
        }

        if (_bits.Count(sample))
        {
            Plan(_copy.RungsOf(sample.Track, _bits.Most, _choice.MapsTones));
        }

        _recent.Keep(sample);
        _lead = sample.IsSync ? LeadOf(sample) : _lead;
        if (_run is { HasEnded: true } gone)
        {
            Bury(gone, gone.Reason, isSilent: false);
        }

        if (_run is null)
        {
            TryStart();
            return;
        }

        Watch(_run);
        if (_run is null)
        {
            TryStart();
        }
        else if (!_waitsForSync || sample.IsSync)
        {
            Offer(_run, sample);
        }
    }

    /// <summary>Has viewers get an encoded copy instead of the source, where that is possible now. The next picture to be taken is the copy's first.</summary>
    /// <param name="next">That picture: none before it in decode order is shown after it.</param>
    /// <param name="passed">Presentation time of the last picture that viewers have of the source; <see cref="long.MinValue"/> for none.</param>
    /// <param name="rendition">The source's, which becomes the copy's.</param>
    /// <param name="reason">Why.</param>
    /// <returns><see langword="false"/> where they have to get the source: there is no encoder, pictures that none is for, or it has been given up.</returns>
    public bool TryCopy(in MediaSample next, long passed, Rendition rendition, string reason)
    {
        if (!RungOutput.IsFit(next) || !_choice.IsKnown || !_choice.MayEncode || !_restarts.MayStart || (_restarts.AreHopeless && _run is not { HasAnswered: true }))
        {
            return false;
        }

        _copy.Want(rendition, reason);
        if (!IsToBeCopied(next.Track))
        {
            return false;
        }

        Leave();
        _copy.Begin((passed == long.MinValue ? next.Present.Ticks : passed + 1) + RungOutput.Offset);
        _rungs = _copy.RungsOf(next.Track, _bits.Most, _choice.MapsTones);
        var lane = LaneOf(_rungs[0]);
        (lane.Last, lane.Lead) = (passed, next.IsSync ? LeadOf(next) : _lead);
        EncodingLog.Copied(_logger, _session.Channel.Value, reason);
        return true;
    }

    /// <summary>Whether viewers still get the copy, now that the source has a sync sample at which they could get that again.</summary>
    /// <param name="source">The source from that sample on.</param>
    public bool StillCopies(Track source) => _copy.IsOn && IsToBeCopied(source);

    /// <summary>Viewers get the source again: nothing of the copy is passed on any more.</summary>
    public void EndCopy()
    {
        _copy.End();
        if (_run is { } run)
        {
            Abandon(run);
        }

        EncodingLog.PassedAgain(_logger, _session.Channel.Value, _why ?? "there can be no copy of it");
    }

    /// <summary>The publication is over: what has come is encoded and passed on.</summary>
    public async ValueTask DisposeAsync()
    {
        Leave();
        foreach (var run in _ending)
        {
            // One that was abandoned may hang in its driver, where nothing can end it.
            await run.Ended.WaitAsync(FarewellTime, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (run.HasEnded)
            {
                await run.DisposeAsync();
            }
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(0);

    private void Offer(RungRun run, in MediaSample sample)
    {
        _waitsForSync = !run.TryOffer(sample);
        if (_waitsForSync)
        {
            RungOutput.CountDropped();
        }
    }

    private void TryStart()
    {
        if (_recent.Count == 0 || !_restarts.MayStart || !_choice.IsKnown || SourceHeader.Of(_recent.From(long.MaxValue)[0]) is not { } header)
        {
            return;
        }

        var before = _pace.Step;
        if (_pace.Judge(TimeSpan.Zero, Now, Economy.Last(_rungs.Count)))
        {
            Tell(before, "nothing was late for a while");
        }

        var effort = EffortAt(_pace.Step, _rungs);
        if (effort.Rungs.Count == 0 || (SourceCopy.Is(effort.Rungs[0]) && !_copy.IsOn))
        {
            return;
        }

        var lanes = effort.Rungs.Select(LaneOf).ToList();

        // What is before the copy, the worker before still has.
        var least = Math.Max(_wasLate ? _output.NewestPresent - LeftAfterBeingLate : long.MinValue, _copy.First - RungOutput.Offset ?? long.MinValue);
        var (pictures, from) = Resumption.Of(_recent, [.. lanes.Select(l => l.Last)], least);

        // Only the processor deinterlaces, and maps tones.
        var mayBeInterlaced = _track is { Config: CodecConfig.Avc { Sequence.MayBeInterlaced: true } };
        var highRange = ToneMapping.IsNeeded(_track?.Color) ? _track!.Color : null;
        var route = _letDowns.Fit(_choice.Best(r => (r.StaysOnDevice && (mayBeInterlaced || highRange is not null)) || _letDowns.Bars(r)), effort.Rungs.Count);
        var node = route.IsProcessor ? null : _choice.Node;
        var keys = _copy.KeysOf(pictures[0].Present.Ticks + RungOutput.Offset);
        var isHurried = _session.Latency.Name == LatencyProfile.Low.Name;
        var job = new EncoderJob(
            header, RungOutput.Offset, effort.Rungs.Count, (input, outputs) => new EncodeCommand(input, effort, outputs, isHurried, from) { Route = route, Node = node, Keys = keys, MayBeInterlaced = mayBeInterlaced, HighRange = highRange }.Arguments(), StartCodes.ConfigurationOf)
        {
            Limits = route.IsProcessor ? WorkerLimits.Processor : WorkerLimits.Hardware,
        };
        _pace.Settle(Now);
        (_waitsForSync, _wasLate) = (true, false);
        _starts++;
        _run = new RungRun(_options.Ffmpeg, job, effort, route, lanes, _choice.TookOf(route.Vendor), _output.Pass, _time);
        EncodingLog.Started(_logger, _session.Channel.Value, string.Join(", ", effort.Rungs.Select(r => r.Name)), route.ToString(), effort.Haste, effort.IsHalfRate);
        foreach (var picture in pictures)
        {
            Offer(_run, picture);
        }
    }

    private RungLane LaneOf(Rung rung)
    {
        if (!_lanes.TryGetValue(rung.Name, out var lane))
        {
            _lanes[rung.Name] = lane = new RungLane(SourceCopy.Is(rung) ? _copy.Rendition! : RenditionOf(rung), _lanes.Count);
        }

        return lane;
    }

    /// <summary>Looks whether the worker still works, and whether it is fast enough.</summary>
    private void Watch(RungRun run)
    {
        if (run.Silence() is { } silence)
        {
            Abandon(run);
            Bury(run, silence, isSilent: true);
            return;
        }

        if (!run.HasAnswered && run.Age < Pace.Settling)
        {
            // How fast it is cannot be seen yet: what its lanes say is of the one before.
            return;
        }

        var suspect = _suspicion.Suspect;
        if (run.Route.IsProcessor && _suspicion.Look(run.Age, Now))
        {
            EncodingLog.TriedAgain(_logger, _session.Channel.Value, suspect!);
            Abandon(run);
            return;
        }

        var behind = run.Behind(_output.NewestPresent);
        var before = _pace.Step;
        if (_pace.Judge(Pace.Weigh(behind, _recent.Step), Now, Economy.Last(_rungs.Count)))
        {
            Tell(before, string.Create(CultureInfo.InvariantCulture, $"its pictures came {behind.TotalSeconds:0.0} s after the source's"));
            _wasLate = _pace.Step > before;

            // Late is better than nothing: where the copy is given up, it goes on until viewers can get the source, whose next keyframe may be far away.
            if (!_copy.IsOn || IsToBeCopied(_track!))
            {
                Abandon(run);
            }
        }
    }

    private void Tell(int before, string why)
    {
        var effort = EffortAt(_pace.Step, _rungs);
        var names = effort.Rungs.Count == 0 ? "nothing" : string.Join(", ", effort.Rungs.Select(r => r.Name));
        _why = _pace.Step == 0 ? null : Short(why);
        Steps.Add(1, new KeyValuePair<string, object?>("direction", _pace.Step > before ? "down" : "up"));
        EncodingLog.Stepped(_logger, _session.Channel.Value, before, _pace.Step, why, names, effort.Haste, effort.IsHalfRate);
    }

    /// <summary>Another takes the place of a worker, now.</summary>
    private void Abandon(RungRun run)
    {
        run.Abandon();
        Retire(run);
    }

    private void Retire(RungRun run)
    {
        _ending.RemoveAll(r => r.HasEnded);
        _ending.Add(run);
        _run = null;
    }

    /// <summary>A worker is gone, or is taken for gone.</summary>
    private void Bury(RungRun run, string reason, bool isSilent)
    {
        _run = null;
        _why = Short(reason);
        Deaths.Add(1, new KeyValuePair<string, object?>("encoder", VendorParts.Of(run.Route.Vendor).Word));
        if (!run.Route.IsProcessor)
        {
            // Something else is there to go on with at once. Each way is tried once only, so this cannot become a loop.
            EncodingLog.Moved(_logger, _session.Channel.Value, run.Route.ToString(), run.Age.TotalSeconds, reason);
            if (_letDowns.Add(run.Route, run.HasAnswered, isSilent, reason))
            {
                _choice.Distrust(run.Route.Vendor, Short(reason));
            }

            return;
        }

        var lived = run.Age;
        _restarts.Died(lived);

        // Whoever never gave a picture would not with less to do either, and viewers wait for the copy: they get the source, and the next try would cost them as much.
        var isHopeless = _copy.IsOn && !run.HasAnswered && _restarts.AreHopeless;
        var pause = isHopeless ? _restarts.Pause(LetDowns.Memory) : _restarts.Pause();
        EncodingLog.Died(_logger, _session.Channel.Value, lived.TotalSeconds, reason, _copy.IsOn ? "what they have" : "the source", pause.TotalSeconds);
        if (!isHopeless && _suspicion.Died(lived, Economy.At(_pace.Step, _rungs).Rungs, Now))
        {
            // Each rung is suspected once: this cannot become a loop.
            _restarts.GoOn();
            EncodingLog.Suspected(_logger, _session.Channel.Value, _suspicion.Suspect!);
        }
        else if (isHopeless || _restarts.AskForLess)
        {
            var before = _pace.Step;
            _pace.GiveUp(Now, Economy.Last(_rungs.Count), isHopeless);
            Tell(before, string.Create(CultureInfo.InvariantCulture, $"it died {_restarts.Deaths} times in a row"));
        }
    }

    private static string Short(string reason) => reason.Length > LongestReason ? reason[..LongestReason] + "…" : reason;

    /// <summary>The worker is no longer fed, and ends by itself.</summary>
    private void Leave()
    {
        _waitsForSync = true;
        if (_run is { } run)
        {
            run.Complete();
            _restarts.Changed(run.StartedAt);
            Retire(run);
        }
    }

    /// <summary>Other rungs than planned before, of a source that has turned out to have more bits than it said. Another worker goes on with them.</summary>
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

    /// <summary>What is encoded at a step, without the rung that workers die of.</summary>
    private Effort EffortAt(int step, IReadOnlyList<Rung> rungs)
    {
        var effort = Economy.At(step, rungs);
        return effort with { Rungs = _suspicion.Without(effort.Rungs) };
    }

    private static long LeadOf(in MediaSample sample) => sample.Present.Ticks - sample.Decode.Ticks;

    /// <summary>Whether there can be a copy of a source, and it has not been given up.</summary>
    private bool IsToBeCopied(Track source) => Economy.At(_pace.Step, _copy.RungsOf(source, _bits.Most, _choice.MapsTones)).Rungs is [var first, ..] && SourceCopy.Is(first);

    private static Rendition RenditionOf(Rung rung) => new(rung.Name, TrackKind.Video, Leads: false);
}
