using Broadcast.Media;
using Broadcast.Media.IngestToTranscoder;
using Broadcast.Transcoder.Ladder;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Slate;

/// <summary>
/// The stage between the switch and the ladder. In a channel with a ladder, audio without video gets the slate's video, just as video
/// without audio gets silence. Every rung thus has video from the start, until the encoder's first keyframe starts another publication,
/// with a discontinuity in all renditions. The stage has no clock: video follows the audio. Publications with video, and passthrough
/// channels, are unaffected.
/// </summary>
/// <param name="next">The next stage.</param>
/// <param name="slates">Encodes the video.</param>
/// <param name="logger">The log.</param>
internal sealed class StillVideoStage(IPublicationSink next, SlateService slates, ILogger<StillVideoStage> logger) : IPublicationSink
{
    /// <summary>
    /// Maximum lead of audio over announced video before the video counts as missing. Ingest has already waited for unannounced video.
    /// </summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>Maximum samples held while waiting.</summary>
    private const int MaxHeld = 512;

    /// <summary>Encoders hold a dozen frames, which must stay well below a second.</summary>
    private const int FrameRate = 25;

    /// <summary>A small size costs little; a still image does not need a large one.</summary>
    private static readonly SlateFormat Format = SlateFormat.For(640, 360, 1, 1, MediaTime.VideoTimescale / FrameRate);

    /// <inheritdoc/>
    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        if (publication.Grant.Ladder == LadderPlan.Passthrough || !slates.Options.Enabled)
        {
            await next.RunAsync(publication, cancellationToken);
            return;
        }

        var samples = new PushbackReader(publication.Samples);
        Publication? remaining = publication with { Samples = samples };
        if (await LacksVideoAsync(remaining, samples, cancellationToken))
        {
            remaining = await ShowAsync(remaining, samples, cancellationToken);
        }

        if (remaining is not null)
        {
            await next.RunAsync(remaining, cancellationToken);
        }
    }

    /// <summary>Reads until it is known whether there is video, and pushes back the samples read.</summary>
    private static async ValueTask<bool> LacksVideoAsync(Publication publication, PushbackReader samples,
        CancellationToken cancellationToken)
    {
        var isAnnounced = publication.Tracks.Any(t => t.Kind == TrackKind.Video);
        var held = new List<MediaSample>();
        try
        {
            while (await samples.WaitToReadAsync(cancellationToken))
            {
                while (samples.TryRead(out var sample))
                {
                    held.Add(sample);
                    if (IsStartOfVideo(sample))
                    {
                        return false;
                    }

                    if (!isAnnounced || sample.Decode.ToTimeSpan() - held[0].Decode.ToTimeSpan() >= Timeout || held.Count >= MaxHeld)
                    {
                        return true;
                    }
                }
            }

            return false;
        }
        finally
        {
            samples.PushBack(held);
        }
    }

    /// <summary>Forwards the audio with video beside it.</summary>
    /// <returns>
    /// The remaining publication, once the encoder's video starts or if no slate is available; <see langword="null"/> at the end.
    /// </returns>
    private async Task<Publication?> ShowAsync(Publication publication, PushbackReader samples, CancellationToken cancellationToken)
    {
        var channel = publication.Grant.Session.Channel;
        await using var slateVideo = await slates.MakeAsync(channel, Format, cancellationToken);
        await using var frames = slateVideo.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            await frames.MoveNextAsync();
        }
        catch (SlateFailedException e)
        {
            SlateLog.SlateUnavailableForAudio(logger, channel.Value, e.Message);
            return publication;
        }

        SlateLog.SlateAddedToAudio(logger, channel.Value);
        List<Track> audioTracks = [.. publication.Tracks.Where(t => t.Kind == TrackKind.Audio)];
        await using var playout = new StillVideoPlayout(next, publication, audioTracks, frames, Format.FrameInterval, cancellationToken);
        while (await samples.WaitToReadAsync(cancellationToken))
        {
            while (samples.TryRead(out var sample))
            {
                if (IsStartOfVideo(sample))
                {
                    SlateLog.VideoStarted(logger, channel.Value);
                    samples.PushBack([sample]);
                    return publication with { Tracks = [sample.Track, .. audioTracks] };
                }

                if (sample.Track.Kind == TrackKind.Audio)
                {
                    UpdateTrack(audioTracks, sample.Track);
                    if (!await playout.PushAudioAsync(sample))
                    {
                        return null;
                    }
                }
            }
        }

        return null;
    }

    private static bool IsStartOfVideo(in MediaSample sample) =>
        sample is { IsSync: true, Track: { Kind: TrackKind.Video, Config.IsComplete: true } };

    private static void UpdateTrack(List<Track> tracks, Track track)
    {
        var index = tracks.FindIndex(t => t.Id == track.Id);
        if (index < 0)
        {
            tracks.Add(track);
        }
        else
        {
            tracks[index] = track;
        }
    }
}
