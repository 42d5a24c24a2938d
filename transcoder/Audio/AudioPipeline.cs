using System.Threading.Channels;
using Broadcast.Media;
using Broadcast.Media.TranscoderToPackager;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// The audio path of one publication: passes tracks through, encodes them, or both (<see cref="AudioPlan"/>), without holes
/// (<see cref="AudioGapFiller"/>). Not thread-safe; encoded frames arrive on the encoders' threads.
/// </summary>
/// <param name="plan">Routes of the tracks.</param>
/// <param name="session">The session.</param>
/// <param name="ffmpeg">Path or name of ffmpeg; <see langword="null"/> if nothing is encoded.</param>
/// <param name="renditions">Destination of all samples.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class AudioPipeline(
    RenditionPlan plan, BroadcastSession session, string? ffmpeg, ChannelWriter<RenditionSample> renditions, TimeProvider time,
    ILogger logger) : IAsyncDisposable
{
    /// <summary>Encoded audio uses track numbers that no encoder sends, above those of rungs and silence.</summary>
    private const int FirstTrack = 3000;

    private readonly Dictionary<TrackRoute, AudioEncoder> _encoders = [];

    /// <summary>Accepts a track's next frame.</summary>
    /// <param name="route">Route of the track.</param>
    /// <param name="sample">The frame.</param>
    public void PushAudio(TrackRoute route, in MediaSample sample)
    {
        var audioPlan = ffmpeg is null ? null : AudioPlan.For(sample.Track.Config);
        if (audioPlan?.Target is null)
        {
            if (_encoders.TryGetValue(route, out var idleEncoder))
            {
                idleEncoder.Drain();
            }

            Pass(route, sample, isEncoded: false);
            return;
        }

        if (!_encoders.TryGetValue(route, out var encoder))
        {
            _encoders[route] = encoder = new AudioEncoder(ffmpeg!, session.Channel.Value, FirstTrack + _encoders.Count,
                frame => Pass(route, frame, isEncoded: true), time, logger);
        }

        encoder.Push(sample);
        if (audioPlan.Passes && plan.PassthroughOf(route) is { } passthroughRoute)
        {
            Pass(passthroughRoute, sample, isEncoded: false);
        }
    }

    /// <summary>Accepts the next frame of the leading video rendition, after it was passed on.</summary>
    public void PushVideo(in MediaSample frame)
    {
        foreach (var (route, filler) in plan.GapFilledRoutes)
        {
            lock (route)
            {
                filler.PushVideo(frame);
                Flush(route, filler);
            }
        }
    }

    /// <summary>Ends the publication after the encoders have drained.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var encoder in _encoders.Values)
        {
            await encoder.DisposeAsync();
        }
    }

    private void Pass(TrackRoute route, in MediaSample sample, bool isEncoded)
    {
        lock (route)
        {
            if (route.Filler is not { } filler)
            {
                Write(route, sample);
                return;
            }

            if (isEncoded)
            {
                filler.FillHole(sample);
            }

            filler.PushAudio(sample);
            Flush(route, filler);
        }
    }

    private void Flush(TrackRoute route, AudioGapFiller filler)
    {
        foreach (var sample in filler.Output)
        {
            Write(route, sample);
        }

        filler.Output.Clear();
    }

    /// <summary>Every frame is a sync sample, so dropping one affects no other.</summary>
    private void Write(TrackRoute route, in MediaSample sample)
    {
        if (!renditions.TryWrite(new RenditionSample(route.Rendition, sample)))
        {
            DroppedSamples.Count(PipelineStage.Transcoder);
        }
    }
}
