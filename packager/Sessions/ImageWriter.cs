using Broadcast.Media.Objects;
using Broadcast.Media.Storage;
using Broadcast.Media.Timeline;
using Broadcast.Media.TranscoderToPackager;

namespace Broadcast.Packager.Sessions;

/// <summary>
/// Writes a session's images to the spool. Sprite sheets are uploaded like segments. A poster is uploaded only when no newer one is
/// expected, because each is valid for seconds. Owned by one session; not thread-safe.
/// </summary>
/// <param name="spool">Spool for the files.</param>
/// <param name="names">Names of the session's objects.</param>
internal sealed class ImageWriter(ISpool spool, SessionObjectNames names)
{
    private ISpoolFile? _poster;

    /// <summary>Writes an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="complete">Receives the file if it can be uploaded once it is announced.</param>
    /// <exception cref="IOException">The disk failed, or the name exists.</exception>
    public TimelineEvent Write(SessionImage image, ICollection<ISpoolFile> complete)
    {
        var name = image switch
        {
            SessionImage.SpriteSheet sprites => names.SpriteSheet(sprites.Start),
            SessionImage.Poster still => names.Poster(still.Time),
            _ => throw new ArgumentOutOfRangeException(nameof(image), image, "Only posters and sprite sheets are supported."),
        };
        var file = spool.Open(name);
        if (file.Length > 0)
        {
            // Data of an earlier process that was never announced.
            file.Truncate(0);
        }

        file.Append([image.Jpeg]);
        if (image is SessionImage.SpriteSheet sheet)
        {
            complete.Add(file);
            return new TimelineEvent.SpriteSheetReady(sheet.Start, sheet.Duration, sheet.Layout, name, sheet.Jpeg.Length);
        }

        var poster = (SessionImage.Poster)image;
        _poster = file;
        return new TimelineEvent.PosterReady(poster.Time, poster.Width, poster.Height, name, poster.Jpeg.Length);
    }

    /// <summary>Uploads the last poster, because no newer one is expected.</summary>
    public void SealPoster()
    {
        _poster?.Seal();
        _poster = null;
    }
}
