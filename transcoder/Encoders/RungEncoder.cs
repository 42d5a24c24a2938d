using System.Diagnostics.Metrics;
using System.Globalization;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Ladder;
using Broadcast.Transcoder.Nut;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// The rungs of one publication: watches its pictures, keeps a worker for them, and puts what that encodes beside the source, which goes on whatever happens here. A worker that dies, or hangs, is followed by
/// another within a moment: that one decodes from the last sync sample on and encodes from the first picture that is missing. One that is slower than live gives way to one that does less (<see cref="Pace"/>,
/// <see cref="Economy"/>), and so does one that keeps dying. Called from one thread at a time; frames come from the worker's.
/// </summary>
internal sealed class RungEncoder : IAsyncDisposable
{
    /// <summary>Rungs are tracks that no encoder sent; their numbers lie above all that one can have.</summary>
    private const int FirstTrack = 1000;

    /// <summary>Deaths in a row after which less is tried.</summary>
    private const int DeathsBeforeLess = 3;

    /// <summary>Pictures that may go in without one coming out: more than the encoder looks ahead by.</summary>
    private const int MostUnanswered = 45;

    /// <summary>Half an hour: no source's times lie as far before its session's beginning.</summary>
    private const long Offset = MediaTime.VideoTimescale * 1800L;

    /// <summary>Half a second: how far behind the newest picture a worker begins that follows one that was too slow.</summary>
    private const long LeftAfterBeingLate = MediaTime.VideoTimescale / 2;

    private static readonly TimeSpan Hanging = TimeSpan.FromSeconds(3);

    /// <summary>A process on a busy machine needs a while for its first picture.</summary>
    private static readonly TimeSpan Starting = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>From one start to the next but one, at least: a source whose configuration changes with every keyframe shall not start a process for each.</summary>
    private static readonly TimeSpan BetweenStarts = TimeSpan.FromSeconds(2);

    /// <summary>A worker that has lived for so long was a good one.</summary>
    private static readonly TimeSpan GoodLife = TimeSpan.FromMinutes(1);

    private static readonly Counter<long> Frames = Telemetry.Meter.CreateCounter<long>("broadcast_encoded_frames", "{frame}", "Pictures encoded for rungs.");

    private static readonly Counter<long> Deaths = Telemetry.Meter.CreateCounter<long>("broadcast_encoder_deaths", "{worker}", "Encoder processes that ended, or were ended because they hung.");

    private static readonly Counter<long> Steps = Telemetry.Meter.CreateCounter<long>(
        "broadcast_encoder_steps", "{step}", "Steps by which encoding did less ('down') or more ('up').");

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private readonly EncodingOptions _options;
    private readonly BroadcastSession _session;
    private readonly string _ladder;
    private readonly ChannelWriter<RenditionSample> _renditions;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Pace _pace = new();
    private readonly RecentPictures _recent = new();
    private readonly List<EncoderWorker> _ending = [];
    private readonly Dictionary<string, RungLane> _lanes = [];
    private IReadOnlyList<RungLane> _encoded = [];
    private IReadOnlyList<Rung> _rungs = [];
    private EncoderWorker? _worker;
    private Track? _track;
    private string? _ended;
    private long _startedAt;
    private long? _startedBefore;
    private long _notBefore = long.MinValue;
    private int _deaths;
    private bool _waitsForSync = true;
    private bool _wasLate;
    private Newest _newest = new(long.MinValue, default);
    private long _unansweredSince;
    private int _unanswered;
    private volatile bool _answered;

    public RungEncoder(EncodingOptions options, BroadcastSession session, string ladder, ChannelWriter<RenditionSample> renditions, TimeProvider time, ILogger logger)
    {
        (_options, _session, _ladder, _renditions, _time, _logger) = (options, session, ladder, renditions, time, logger);
    }

    private sealed record Newest(long Present, DateTimeOffset Arrival);

    private sealed class RungLane(Rendition rendition, int number)
    {
        private long _last = long.MinValue;

        public Rendition Rendition { get; } = rendition;

        /// <summary>Only the worker that encodes it touches it.</summary>
        public Track? Track { get; set; }

        public int Number { get; } = number;

        /// <summary>Presentation time of the newest picture encoded; <see cref="long.MinValue"/> before the first.</summary>
        public long Last { get => Volatile.Read(ref _last); set => Volatile.Write(ref _last, value); }
    }

    /// <summary>The renditions that tracks will get, as far as they tell: known from the beginning, they have the first segment too, though the encoder needs a moment to start.</summary>
    public static IEnumerable<Rendition> Expected(string ladder, IReadOnlyList<Track> tracks) =>
        tracks.Where(t => t.Kind == TrackKind.Video).ToList() is [var track] ? RungsOf(ladder, track).Select(RenditionOf) : [];

    /// <summary>The source's next picture.</summary>
    public void Take(in MediaSample sample)
    {
        if (sample.Track.Timescale != MediaTime.VideoTimescale || sample.Present.Ticks + Offset < 0)
        {
            return;
        }

        Volatile.Write(ref _newest, new Newest(Math.Max(_newest.Present, sample.Present.Ticks), sample.Arrival));
        if (!ReferenceEquals(_track, sample.Track))
        {
            Leave();
            _recent.Clear();
            _track = sample.Track;
            _rungs = RungsOf(_ladder, sample.Track);
        }

        _recent.Keep(sample);
        if (_worker is { Ended.IsCompleted: true })
        {
            Bury();
        }

        if (_worker is null)
        {
            TryStart();
            return;
        }

        Watch();
        if (!_waitsForSync || sample.IsSync)
        {
            Offer(sample);
        }
    }

    /// <summary>The publication is over: what has come is encoded and passed on.</summary>
    public async ValueTask DisposeAsync()
    {
        Leave();
        foreach (var worker in _ending)
        {
            await worker.Ended;
            await worker.DisposeAsync();
        }
    }

    private TimeSpan Now => _time.GetElapsedTime(0);

    private void Offer(in MediaSample sample)
    {
        _waitsForSync = !_worker!.TryOffer(sample);
        if (_waitsForSync)
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "encoder"));
        }
        else if (Interlocked.Increment(ref _unanswered) == 1)
        {
            Volatile.Write(ref _unansweredSince, _time.GetTimestamp());
        }
    }

    private void TryStart()
    {
        var now = _time.GetTimestamp();
        if (_recent.Count == 0 || now < _notBefore || SourceHeader.Of(_recent.From(long.MaxValue)[0]) is not { } header)
        {
            return;
        }

        var before = _pace.Step;
        if (_pace.Judge(TimeSpan.Zero, Now, Economy.Last(_rungs.Count)))
        {
            Tell(before, "nothing was late for a while");
        }

        var effort = Economy.At(_pace.Step, _rungs);
        if (effort.Rungs.Count == 0)
        {
            return;
        }

        var lanes = effort.Rungs.Select(LaneOf).ToList();
        var (pictures, from) = Missing(lanes);
        (_encoded, _startedAt, _wasLate) = (lanes, now, false);
        Volatile.Write(ref _unanswered, 0);
        _answered = false;
        _pace.Settle(Now);
        var isHurried = _session.Latency.Name == LatencyProfile.Low.Name;
        var job = new EncoderJob(
            header, Offset, effort.Rungs.Count, (input, outputs) => new EncodeCommand(input, effort, outputs, isHurried, from).Arguments(), StartCodes.ConfigurationOf);
        _worker = new EncoderWorker(_options.Ffmpeg, job, Pass);
        EncodingLog.Started(_logger, _session.Channel.Value, string.Join(", ", effort.Rungs.Select(r => r.Name)), effort.Haste, effort.IsHalfRate);
        foreach (var sample in pictures)
        {
            Offer(sample);
        }

        void Pass(int rung, CodecConfig configuration, in NutFrame frame)
        {
            var lane = lanes[rung];
            if (lane.Track is null || !lane.Track.Config.Equals(configuration))
            {
                lane.Track = new Track(FirstTrack + lane.Number, configuration, MediaTime.VideoTimescale);
            }

            _answered = true;
            Volatile.Write(ref _unanswered, 0);
            var time = new MediaTime(frame.Present - Offset, MediaTime.VideoTimescale);
            lane.Last = time.Ticks;

            // It came when the source's picture came, which is as much before the newest as its time is.
            var newest = Volatile.Read(ref _newest);
            var arrival = newest.Arrival - new MediaTime(Math.Max(0, newest.Present - time.Ticks), MediaTime.VideoTimescale).ToTimeSpan();
            var sample = new MediaSample(lane.Track, time, time, frame.IsKey, StartCodes.ToLengths(frame.Payload.Span), arrival);
            if (_renditions.TryWrite(new RenditionSample(lane.Rendition, sample)))
            {
                Frames.Add(1);
            }
            else
            {
                Dropped.Add(1, new KeyValuePair<string, object?>("component", "encoder"));
            }
        }
    }

    /// <summary>
    /// What a worker gets first, and from when on it encodes: from the first picture that is missing in all rungs, where that is kept; who was behind has a hole up to there, and all go on with a sync sample. Who was
    /// too slow leaves out what would keep it late, and who was away for long begins with the newest group.
    /// </summary>
    private (IReadOnlyList<MediaSample> Pictures, long From) Missing(IReadOnlyList<RungLane> lanes)
    {
        var first = lanes.Max(l => l.Last) + 1;
        var begin = _wasLate ? Math.Max(first, _newest.Present - LeftAfterBeingLate) : first;
        var pictures = _recent.From(begin);
        return begin >= pictures[0].Present.Ticks ? (pictures, begin + Offset) : (_recent.From(long.MaxValue), 0);
    }

    private RungLane LaneOf(Rung rung)
    {
        if (!_lanes.TryGetValue(rung.Name, out var lane))
        {
            _lanes[rung.Name] = lane = new RungLane(RenditionOf(rung), _lanes.Count);
        }

        return lane;
    }

    /// <summary>Looks whether the worker still works, and whether it is fast enough.</summary>
    private void Watch()
    {
        if (_ended is not null)
        {
            return;
        }

        var patience = _answered ? Hanging : Starting;
        if (Volatile.Read(ref _unanswered) >= MostUnanswered && _time.GetElapsedTime(Volatile.Read(ref _unansweredSince)) >= patience)
        {
            End(string.Create(CultureInfo.InvariantCulture, $"no picture came out of it for {patience.TotalSeconds} s"));
            return;
        }

        if (!_answered && _time.GetElapsedTime(_startedAt) < Pace.Settling)
        {
            // How fast it is cannot be seen yet: what its lanes say is of the one before.
            return;
        }

        var slowest = _encoded.Min(l => l.Last);
        var behind = slowest == long.MinValue ? _time.GetElapsedTime(_startedAt) : new MediaTime(Math.Max(0, _newest.Present - slowest), MediaTime.VideoTimescale).ToTimeSpan();
        var before = _pace.Step;
        if (_pace.Judge(behind, Now, Economy.Last(_rungs.Count)))
        {
            Tell(before, string.Create(CultureInfo.InvariantCulture, $"its pictures came {behind.TotalSeconds:0.0} s after the source's"));
            _wasLate = _pace.Step > before;
            End("");
        }
    }

    private void Tell(int before, string why)
    {
        var effort = Economy.At(_pace.Step, _rungs);
        var names = effort.Rungs.Count == 0 ? "nothing" : string.Join(", ", effort.Rungs.Select(r => r.Name));
        Steps.Add(1, new KeyValuePair<string, object?>("direction", _pace.Step > before ? "down" : "up"));
        EncodingLog.Stepped(_logger, _session.Channel.Value, before, _pace.Step, why, names, effort.Haste, effort.IsHalfRate);
    }

    private void End(string reason)
    {
        _ended = reason;
        _worker!.Kill();
    }

    /// <summary>The worker is gone.</summary>
    private void Bury()
    {
        var worker = _worker!;
        var reason = _ended;
        (_worker, _ended, _waitsForSync) = (null, null, true);
        if (reason is "")
        {
            // It gave way to one that does less, or more.
            return;
        }

        var lived = _time.GetElapsedTime(_startedAt);
        _deaths = lived >= GoodLife ? 1 : _deaths + 1;
        Deaths.Add(1);
        var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(_deaths - 1, 20)));
        _notBefore = After(_time.GetTimestamp(), pause);
        EncodingLog.Died(_logger, _session.Channel.Value, lived.TotalSeconds, reason ?? worker.Reason ?? "it is gone", pause.TotalSeconds);
        if (_deaths % DeathsBeforeLess == 0)
        {
            var before = _pace.Step;
            _pace.GiveUp(Now, Economy.Last(_rungs.Count));
            Tell(before, string.Create(CultureInfo.InvariantCulture, $"it died {_deaths} times in a row"));
        }
    }

    private long After(long timestamp, TimeSpan time) => timestamp + (long)(time.TotalSeconds * _time.TimestampFrequency);

    /// <summary>The worker is no longer fed, and ends by itself.</summary>
    private void Leave()
    {
        _waitsForSync = true;
        if (_worker is { } worker)
        {
            worker.Complete();
            _notBefore = _startedBefore is { } before ? Math.Max(_notBefore, After(before, BetweenStarts)) : _notBefore;
            _startedBefore = _startedAt;
            _ending.RemoveAll(w => w.Ended.IsCompleted);
            _ending.Add(worker);
            (_worker, _ended) = (null, null);
        }
    }

    private static IReadOnlyList<Rung> RungsOf(string ladder, Track track) => track.Config.Picture is { } picture ? LadderPlan.For(ladder, picture, track.Color) : [];

    private static Rendition RenditionOf(Rung rung) => new(rung.Name, TrackKind.Video, Leads: false);
}

internal static partial class EncodingLog
{
    [LoggerMessage(2020, LogLevel.Information, "Channel {Channel}: encoding {Rungs} (haste {Haste}, half of the pictures: {IsHalfRate})")]
    public static partial void Started(ILogger logger, string channel, string rungs, int haste, bool isHalfRate);

    [LoggerMessage(2021, LogLevel.Warning, "Channel {Channel}: the encoder is gone after {Lived:0.0} s ({Reason}). Viewers keep the source; the next try comes in {Pause:0.0} s")]
    public static partial void Died(ILogger logger, string channel, double lived, string reason, double pause);

    [LoggerMessage(2022, LogLevel.Warning, "Channel {Channel}: encoding goes from step {Before} to {Step}, because {Reason}. From now on {Rungs} (haste {Haste}, half of the pictures: {IsHalfRate})")]
    public static partial void Stepped(ILogger logger, string channel, int before, int step, string reason, string rungs, int haste, bool isHalfRate);
}
