using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Broadcast.Media;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Audio;

/// <summary>
/// All sound of one publication on its way to its renditions: passed on, encoded, or both (<see cref="SoundPlan"/>), and kept without holes (<see cref="SoundFill"/>). Called from one thread at a time; what is
/// encoded comes from the encoders' threads.
/// </summary>
/// <param name="plan">Which track goes where.</param>
/// <param name="session">The session.</param>
/// <param name="ffmpeg">Path or name of ffmpeg; <see langword="null"/> where nothing is encoded.</param>
/// <param name="renditions">Where all goes.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class SoundLines(
    RenditionPlan plan, BroadcastSession session, string? ffmpeg, ChannelWriter<RenditionSample> renditions, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>Encoded sound is on tracks that no encoder sent; their numbers lie above those of rungs and of silence.</summary>
    private const int FirstTrack = 3000;

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "broadcast_samples_dropped", "{sample}", "Samples lost because the next stage was too slow.");

    private readonly Dictionary<Lane, SoundEncoder> _encoders = [];

    /// <summary>The next frame of a track.</summary>
    /// <param name="lane">The track's way.</param>
    /// <param name="sample">The frame.</param>
    public void Hear(Lane lane, in MediaSample sample)
    {
        var wanted = ffmpeg is null ? null : SoundPlan.For(sample.Track.Config);
        if (wanted?.Target is null)
        {
            if (_encoders.TryGetValue(lane, out var former))
            {
                former.Leave();
            }

            Pass(lane, sample, isEncoded: false);
            return;
        }

        if (!_encoders.TryGetValue(lane, out var encoder))
        {
            _encoders[lane] = encoder = new SoundEncoder(ffmpeg!, session.Channel.Value, FirstTrack + _encoders.Count, frame => Pass(lane, frame, isEncoded: true), time, logger);
        }

        encoder.Take(sample);
        if (wanted.Passes && plan.OriginalOf(lane) is { } original)
        {
            Pass(original, sample, isEncoded: false);
        }
    }

    /// <summary>The next picture of the rendition that leads, which has been passed on.</summary>
    public void See(in MediaSample picture)
    {
        foreach (var (lane, fill) in plan.Filled)
        {
            lock (lane)
            {
                fill.See(picture);
                Flush(lane, fill);
            }
        }
    }

    /// <summary>The publication is over: what is being encoded is passed on.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var encoder in _encoders.Values)
        {
            await encoder.DisposeAsync();
        }
    }

    private void Pass(Lane lane, in MediaSample sample, bool isEncoded)
    {
        lock (lane)
        {
            if (lane.Fill is not { } fill)
            {
                Write(lane, sample);
                return;
            }

            if (isEncoded)
            {
                fill.Bridge(sample);
            }

            fill.Hear(sample);
            Flush(lane, fill);
        }
    }

    private void Flush(Lane lane, SoundFill fill)
    {
        foreach (var sample in fill.Output)
        {
            Write(lane, sample);
        }

        fill.Output.Clear();
    }

    /// <summary>Each frame can be decoded by itself, so that one which finds no room costs no other.</summary>
    private void Write(Lane lane, in MediaSample sample)
    {
        if (!renditions.TryWrite(new RenditionSample(lane.Rendition, sample)))
        {
            Dropped.Add(1, new KeyValuePair<string, object?>("component", "transcoder"));
        }
    }
}
