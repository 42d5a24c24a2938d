using Broadcast.Media;
using Broadcast.Transcoder.Ladder;
using Microsoft.Extensions.Logging;

namespace Broadcast.Transcoder.Slate;

/// <summary>
/// The stage between the switch and the ladder: in a channel with a ladder, sound that comes without pictures gets those of the slate, as pictures without sound get silence. So viewers of every rung have a picture from
/// the beginning on, until the encoder's first keyframe begins another publication, with a discontinuity in all renditions. It has no clock: the pictures go as far as the sound does. What has pictures, and everything
/// in a pass-through channel, goes by untouched.
/// </summary>
/// <param name="next">The next stage.</param>
/// <param name="slates">Who makes the pictures.</param>
/// <param name="logger">The log.</param>
internal sealed class StillPictures(IPublicationSink next, Slates slates, ILogger<StillPictures> logger) : IPublicationSink
{
    /// <summary>How much sound may come before pictures that are announced are taken for missing. Ingest has waited already for those that nobody announces.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>Samples that may wait meanwhile, whatever their length.</summary>
    private const int MostHeld = 512;

    /// <summary>An encoder keeps a dozen pictures back, which must not become a second and more.</summary>
    private const int PicturesPerSecond = 25;

    /// <summary>Small, so that it costs next to nothing: what stands still is no better for being large.</summary>
    private static readonly SlateFormat Format = SlateFormat.For(640, 360, 1, 1, MediaTime.VideoTimescale / PicturesPerSecond);

    /// <inheritdoc/>
    public async Task RunAsync(Publication publication, CancellationToken cancellationToken)
    {
        if (publication.Grant.Ladder == LadderPlan.Passthrough || !slates.Options.Enabled)
        {
            await next.RunAsync(publication, cancellationToken);
            return;
        }

        var samples = new ResumedReader(publication.Samples);
        Publication? rest = publication with { Samples = samples };
        if (await LacksPicturesAsync(rest, samples, cancellationToken))
        {
            rest = await ShowAsync(rest, samples, cancellationToken);
        }

        if (rest is not null)
        {
            await next.RunAsync(rest, cancellationToken);
        }
    }

    /// <summary>Reads until it is known whether there are pictures, and puts back what was read.</summary>
    private static async ValueTask<bool> LacksPicturesAsync(Publication publication, ResumedReader samples, CancellationToken cancellationToken)
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
                    if (CanBeginWith(sample))
                    {
                        return false;
                    }

                    if (!isAnnounced || sample.Decode.ToTimeSpan() - held[0].Decode.ToTimeSpan() >= Patience || held.Count >= MostHeld)
                    {
                        return true;
                    }
                }
            }

            return false;
        }
        finally
        {
            samples.PutBack(held);
        }
    }

    /// <summary>Passes the sound on with pictures beside it.</summary>
    /// <returns>What follows, once the encoder's pictures come or where there is no slate to show; <see langword="null"/> at the end.</returns>
    private async Task<Publication?> ShowAsync(Publication publication, ResumedReader samples, CancellationToken cancellationToken)
    {
        var channel = publication.Grant.Session.Channel;
        await using var clip = await slates.MakeAsync(channel, Format, cancellationToken);
        await using var pictures = clip.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            await pictures.MoveNextAsync();
        }
        catch (SlateFailedException e)
        {
            SlateLog.NoStill(logger, channel.Value, e.Message);
            return publication;
        }

        SlateLog.Still(logger, channel.Value);
        List<Track> sounds = [.. publication.Tracks.Where(t => t.Kind == TrackKind.Audio)];
        await using var air = new StillAir(next, publication, sounds, pictures, Format.Step, cancellationToken);
        while (await samples.WaitToReadAsync(cancellationToken))
        {
            while (samples.TryRead(out var sample))
            {
                if (CanBeginWith(sample))
                {
                    SlateLog.Moving(logger, channel.Value);
                    samples.PutBack([sample]);
                    return publication with { Tracks = [sample.Track, .. sounds] };
                }

                if (sample.Track.Kind == TrackKind.Audio)
                {
                    Know(sounds, sample.Track);
                    if (!await air.HearAsync(sample))
                    {
                        return null;
                    }
                }
            }
        }

        return null;
    }

    private static bool CanBeginWith(in MediaSample sample) => sample is { IsSync: true, Track: { Kind: TrackKind.Video, Config.IsComplete: true } };

    private static void Know(List<Track> tracks, Track track)
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
