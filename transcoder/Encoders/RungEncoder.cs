using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Transcoder.Ladder;
using Broadcast.Transcoder.Nut;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// The rungs of one publication: watches its pictures, keeps a worker for them, and puts what that encodes beside the source. A worker that dies is started again with the next sync sample, later
/// each time, and with fewer rungs when it keeps dying; the source goes on whatever happens here. Called from one thread at a time; frames come from the worker's.
/// </summary>
internal sealed class RungEncoder : IAsyncDisposable
{
    /// <summary>Rungs are tracks that no encoder sent; their numbers lie above all that one can have.</summary>
    private const int FirstTrack = 1000;

    /// <summary>Deaths in a row after which one rung less is tried.</summary>
    private const int DeathsBeforeLess = 3;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>A worker that has lived for so long was a good one.</summary>
    private static readonly TimeSpan GoodLife = TimeSpan.FromMinutes(1);

    private static readonly Counter<long> Frames = Telemetry.Meter.CreateCounter<long>("broadcast_encoded_frames", "{frame}", "Pictures encoded for rungs.");

    private static readonly Counter<long> Restarts = Telemetry.Meter.CreateCounter<long>("broadcast_encoder_deaths", "{worker}", "Encoder processes that ended though they were wanted.");

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private readonly EncodingOptions _options;
    private readonly BroadcastSession _session;
    private readonly string _ladder;
    private readonly ChannelWriter<RenditionSample> _renditions;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<EncoderWorker> _ending = [];
    private EncoderWorker? _worker;
    private Track? _track;
    private long _startedAt;
    private long _notBefore = long.MinValue;
    private int _deaths;
    private int _fewer;
    private bool _waitsForSync = true;
    private Newest _newest = new(0, default);

    private sealed record Newest(long Present, DateTimeOffset Arrival);

    public RungEncoder(EncodingOptions options, BroadcastSession session, string ladder, ChannelWriter<RenditionSample> renditions, TimeProvider time, ILogger logger)
    {
        (_options, _session, _ladder, _renditions, _time, _logger) = (options, session, ladder, renditions, time, logger);
    }

    /// <summary>The renditions that tracks will get, as far as they tell: known from the beginning, they have the first segment too, though the encoder needs a moment to start.</summary>
    public static IEnumerable<Rendition> Expected(string ladder, IReadOnlyList<Track> tracks) =>
        tracks.Where(t => t.Kind == TrackKind.Video).ToList() is [{ Config.Picture: { } picture }] ? LadderPlan.For(ladder, picture).Select(RenditionOf) : [];

    /// <summary>The source's next picture.</summary>
    public void Take(in MediaSample sample)
    {
        Volatile.Write(ref _newest, new Newest(sample.Present.Ticks, sample.Arrival));
        if (_worker is { Ended.IsCompleted: true })
        {
            Bury();
        }

        if (!ReferenceEquals(_track, sample.Track))
        {
            Leave();
            _track = sample.Track;
        }

        if (_waitsForSync && !sample.IsSync)
        {
            return;
        }

        if (_worker is null && !TryStart(sample))
        {
            return;
        }

        if (sample.Present.Ticks + Offset < 0)
        {
            return;
        }

        _waitsForSync = !_worker!.TryOffer(sample);
        if (_waitsForSync)
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "encoder"));
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

    /// <summary>Half an hour: no source's times lie as far before its session's beginning.</summary>
    private static long Offset => MediaTime.VideoTimescale * 1800L;

    private bool TryStart(in MediaSample sync)
    {
        if (_time.GetTimestamp() < _notBefore || sync.Track.Timescale != MediaTime.VideoTimescale || Header(sync) is not { } header)
        {
            return false;
        }

        var rungs = LadderPlan.For(_ladder, sync.Track.Config.Picture!);
        rungs = [.. rungs.Skip(_fewer)];
        if (rungs.Count == 0)
        {
            return false;
        }

        List<(Rendition Rendition, Track? Track)> lanes = [.. rungs.Select(r => (RenditionOf(r), (Track?)null))];
        _startedAt = _time.GetTimestamp();
        _worker = new EncoderWorker(_options.Ffmpeg, header, Offset, rungs, _session.Latency.Name == LatencyProfile.Low.Name, Pass);
        EncodingLog.Started(_logger, _session.Channel.Value, string.Join(", ", rungs.Select(r => r.Name)));
        return true;

        void Pass(int rung, CodecConfig.Avc configuration, in NutFrame frame)
        {
            var (rendition, track) = lanes[rung];
            track ??= new Track(FirstTrack + rung, configuration, MediaTime.VideoTimescale);
            lanes[rung] = (rendition, track);
            var time = new MediaTime(frame.Present - Offset, MediaTime.VideoTimescale);

            // It came when the source's picture came, which is as much before the newest as its time is.
            var newest = Volatile.Read(ref _newest);
            var arrival = newest.Arrival - new MediaTime(Math.Max(0, newest.Present - time.Ticks), MediaTime.VideoTimescale).ToTimeSpan();
            var sample = new MediaSample(track, time, time, frame.IsKey, StartCodes.ToLengths(frame.Payload.Span), arrival);
            if (_renditions.TryWrite(new RenditionSample(rendition, sample)))
            {
                Frames.Add(1);
            }
            else
            {
                Dropped.Add(1, new KeyValuePair<string, object?>("component", "encoder"));
            }
        }
    }

    /// <summary>The worker has died.</summary>
    private void Bury()
    {
        var lived = _time.GetElapsedTime(_startedAt);
        _deaths = lived >= GoodLife ? 1 : _deaths + 1;
        Restarts.Add(1);
        var pause = TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(_deaths - 1, 20)));
        _notBefore = _time.GetTimestamp() + (long)(pause.TotalSeconds * _time.TimestampFrequency);
        if (_deaths % DeathsBeforeLess == 0)
        {
            _fewer++;
        }

        EncodingLog.Died(_logger, _session.Channel.Value, lived.TotalSeconds, _worker!.End?.Reason ?? "unknown", pause.TotalSeconds);
        _ending.Add(_worker);
        (_worker, _waitsForSync) = (null, true);
    }

    /// <summary>The worker is no longer fed, and ends by itself.</summary>
    private void Leave()
    {
        _waitsForSync = true;
        if (_worker is { } worker)
        {
            worker.Complete();
            _ending.RemoveAll(w => w.Ended.IsCompleted);
            _ending.Add(worker);
            _worker = null;
        }
    }

    private static Rendition RenditionOf(Rung rung) => new(rung.Name, TrackKind.Video, Leads: false);

    private static NutStream? Header(in MediaSample sync)
    {
        var tag = sync.Track.Config switch
        {
            CodecConfig.Avc => NutTag.Avc,
            CodecConfig.Hevc => NutTag.Hevc,
            CodecConfig.Av1 => NutTag.Av1,
            CodecConfig.Vp9 => NutTag.Vp9,
            _ => null,
        };
        if (tag is null || sync.Track.Config.Picture is not { } picture)
        {
            return null;
        }

        // Without B-frames a picture is shown when it is decoded, and the decoder need not wait for others.
        var rate = picture.FramesPerSecond > 0 ? picture.FramesPerSecond : 30;
        var delay = Math.Clamp((int)Math.Round((sync.Present - sync.Decode).TotalSeconds * rate), 0, 16);
        var record = sync.Track.Config is CodecConfig.Vp9 ? default : sync.Track.Config.Record;
        return new NutStream(TrackKind.Video, tag, sync.Track.Timescale, record)
        {
            DecodeDelay = delay, Width = picture.Width, Height = picture.Height, SampleAspectWidth = picture.SampleAspectWidth, SampleAspectHeight = picture.SampleAspectHeight,
        };
    }
}

internal static partial class EncodingLog
{
    [LoggerMessage(2020, LogLevel.Information, "Channel {Channel}: encoding {Rungs}")]
    public static partial void Started(ILogger logger, string channel, string rungs);

    [LoggerMessage(2021, LogLevel.Warning, "Channel {Channel}: the encoder died after {Lived:0.0} s ({Reason}). Viewers keep the source; the next try comes with the first keyframe after {Pause:0.0} s")]
    public static partial void Died(ILogger logger, string channel, double lived, string reason, double pause);
}
