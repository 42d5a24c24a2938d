using System.Globalization;
using System.Text;
using Broadcast.Origin.Delivery;

namespace Broadcast.Origin.Hls;

/// <summary>A multivariant playlist (RFC 8216, 4.3.4, there named master playlist). Each property is one tag.</summary>
internal sealed record MultivariantPlaylist
{
    /// <summary><c>EXT-X-INDEPENDENT-SEGMENTS</c>: applies to every segment of every listed playlist.</summary>
    public required bool IndependentSegments { get; init; }

    /// <summary><c>EXT-X-MEDIA</c>: audio renditions that variants refer to.</summary>
    public required IReadOnlyList<AudioRendition> Audio { get; init; }

    /// <summary><c>EXT-X-MEDIA</c>: captions embedded in the video of variants.</summary>
    public required IReadOnlyList<CaptionRendition> Captions { get; init; }

    /// <summary><c>EXT-X-STREAM-INF</c>: the variant streams; players start with the first.</summary>
    public required IReadOnlyList<VariantStream> Variants { get; init; }

    /// <summary><c>EXT-X-I-FRAME-STREAM-INF</c>: I-frame playlists for seeking.</summary>
    public IReadOnlyList<IFrameStream> IFrameStreams { get; init; } = [];

    /// <summary><c>EXT-X-IMAGE-STREAM-INF</c>: the playlist of thumbnails, or <see langword="null"/> when there are none.</summary>
    public ImageStream? Images { get; init; }

    /// <summary>
    /// Copies the playlist with other URIs, without I-frame and image playlists, which exist only for the live window at the origin.
    /// </summary>
    /// <param name="uriOf">Converts the URI of a media playlist.</param>
    public MultivariantPlaylist OfMedia(Func<string, string> uriOf) => this with
    {
        Audio = [.. Audio.Select(audio => audio.Uri is { } uri ? audio with { Uri = uriOf(uri) } : audio)],
        Variants = [.. Variants.Select(variant => variant with { Uri = uriOf(variant.Uri) })],
        IFrameStreams = [],
        Images = null,
    };

    /// <summary>Writes the playlist.</summary>
    public void Write(StringBuilder text)
    {
        text.Append("#EXTM3U\n");
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-VERSION:{MediaPlaylist.Version}\n");
        if (IndependentSegments)
        {
            text.Append("#EXT-X-INDEPENDENT-SEGMENTS\n");
        }

        foreach (var audio in Audio)
        {
            audio.Write(text);
        }

        foreach (var captions in Captions)
        {
            captions.Write(text);
        }

        foreach (var variant in Variants)
        {
            variant.Write(text);
        }

        foreach (var iFrames in IFrameStreams)
        {
            iFrames.Write(text);
        }

        Images?.Write(text);
    }

    /// <summary>The serialized playlist.</summary>
    public Document ToDocument()
    {
        var text = new StringBuilder(1024);
        Write(text);
        return new Document(Encoding.UTF8.GetBytes(text.ToString()), ContentTypes.Hls);
    }
}

/// <summary><c>EXT-X-MEDIA:TYPE=AUDIO</c>.</summary>
/// <param name="Group"><c>GROUP-ID</c></param>
/// <param name="Name"><c>NAME</c>, unique in the group.</param>
/// <param name="Language"><c>LANGUAGE</c>, BCP 47, or <see langword="null"/>.</param>
/// <param name="IsDefault"><c>DEFAULT</c></param>
/// <param name="Channels"><c>CHANNELS</c>; omitted when 0.</param>
/// <param name="Uri"><c>URI</c> of its media playlist, or <see langword="null"/> when the variant itself carries this rendition.</param>
internal sealed record AudioRendition(string Group, string Name, string? Language, bool IsDefault, int Channels, string? Uri)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{Group}\",NAME=\"{Name}\"");
        if (Language is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $",LANGUAGE=\"{Language}\"");
        }

        text.Append(IsDefault ? ",DEFAULT=YES,AUTOSELECT=YES" : ",DEFAULT=NO,AUTOSELECT=YES");
        if (Channels > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $",CHANNELS=\"{Channels}\"");
        }

        if (Uri is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $",URI=\"{Uri}\"");
        }

        text.Append('\n');
    }
}

/// <summary><c>EXT-X-I-FRAME-STREAM-INF</c> (RFC 8216, 4.3.4.3).</summary>
/// <param name="Bandwidth"><c>BANDWIDTH</c></param>
/// <param name="AverageBandwidth"><c>AVERAGE-BANDWIDTH</c></param>
/// <param name="Codecs"><c>CODECS</c></param>
/// <param name="Width">Width in <c>RESOLUTION</c>; omitted when 0.</param>
/// <param name="Height">Height in <c>RESOLUTION</c>.</param>
/// <param name="VideoRange"><c>VIDEO-RANGE</c>, or <see langword="null"/> when unknown.</param>
/// <param name="Uri"><c>URI</c></param>
internal sealed record IFrameStream(long Bandwidth, long AverageBandwidth, string Codecs, int Width, int Height,
    string? VideoRange, string Uri)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text)
    {
        var culture = CultureInfo.InvariantCulture;
        text.Append(culture,
            $"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH={Bandwidth},AVERAGE-BANDWIDTH={Math.Min(Bandwidth, AverageBandwidth)},CODECS=\"{Codecs}\"");
        if (Width > 0 && Height > 0)
        {
            text.Append(culture, $",RESOLUTION={Width}x{Height}");
        }

        if (VideoRange is not null)
        {
            text.Append(culture, $",VIDEO-RANGE={VideoRange}");
        }

        text.Append(culture, $",URI=\"{Uri}\"\n");
    }
}

/// <summary><c>EXT-X-IMAGE-STREAM-INF</c> ("Image Media Playlist", version 0.4). Players that do not support it ignore it.</summary>
/// <param name="Bandwidth"><c>BANDWIDTH</c></param>
/// <param name="Width">Width of one thumbnail, for <c>RESOLUTION</c>.</param>
/// <param name="Height">Height of one thumbnail, for <c>RESOLUTION</c>.</param>
/// <param name="Uri"><c>URI</c></param>
internal sealed record ImageStream(long Bandwidth, int Width, int Height, string Uri)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text) =>
        text.Append(CultureInfo.InvariantCulture,
            $"#EXT-X-IMAGE-STREAM-INF:BANDWIDTH={Bandwidth},RESOLUTION={Width}x{Height},CODECS=\"jpeg\",URI=\"{Uri}\"\n");
}

/// <summary><c>EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS</c>: captions embedded in the video, which have no URI.</summary>
/// <param name="Group"><c>GROUP-ID</c></param>
/// <param name="Id">
/// <c>INSTREAM-ID</c>: <c>CC1</c> to <c>CC4</c>, <c>SERVICE1</c> to <c>SERVICE63</c>. Also used as <c>NAME</c>, because no name is known.
/// </param>
/// <param name="Language"><c>LANGUAGE</c>, BCP 47, or <see langword="null"/>.</param>
internal sealed record CaptionRendition(string Group, string Id, string? Language)
{
    /// <summary>Writes the tag.</summary>
    public void Write(StringBuilder text)
    {
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"{Group}\",NAME=\"{Id}\"");
        if (Language is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $",LANGUAGE=\"{Language}\"");
        }

        text.Append(CultureInfo.InvariantCulture, $",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"{Id}\"\n");
    }
}

/// <summary><c>EXT-X-STREAM-INF</c> and the URI after it.</summary>
/// <param name="Bandwidth"><c>BANDWIDTH</c>: peak bits per second, including its audio.</param>
/// <param name="AverageBandwidth"><c>AVERAGE-BANDWIDTH</c>, including its audio.</param>
/// <param name="Codecs"><c>CODECS</c>, without duplicates.</param>
/// <param name="Width">Width in <c>RESOLUTION</c>; omitted when 0.</param>
/// <param name="Height">Height in <c>RESOLUTION</c>.</param>
/// <param name="FrameRate"><c>FRAME-RATE</c>; omitted when 0.</param>
/// <param name="VideoRange"><c>VIDEO-RANGE</c>, or <see langword="null"/> when unknown.</param>
/// <param name="AudioGroup"><c>AUDIO</c>, or <see langword="null"/>.</param>
/// <param name="CaptionGroup">
/// <c>CLOSED-CAPTIONS</c>, or <see langword="null"/> when no captions were detected. Never <c>NONE</c>, because captions may start later.
/// </param>
/// <param name="Uri">URI of its media playlist.</param>
internal sealed record VariantStream(
    long Bandwidth, long AverageBandwidth, IReadOnlyList<string> Codecs, int Width, int Height, double FrameRate, string? VideoRange,
    string? AudioGroup,
    string? CaptionGroup, string Uri)
{
    /// <summary><c>SCORE</c>: higher is better; <see langword="null"/> where bitrates determine the order.</summary>
    public int? Score { get; init; }

    /// <summary>Writes the tag and the URI.</summary>
    public void Write(StringBuilder text)
    {
        var culture = CultureInfo.InvariantCulture;
        text.Append(culture,
            $"#EXT-X-STREAM-INF:BANDWIDTH={Bandwidth},AVERAGE-BANDWIDTH={AverageBandwidth},CODECS=\"{string.Join(',', Codecs)}\"");
        if (Score is { } score)
        {
            text.Append(culture, $",SCORE={score}");
        }

        if (Width > 0 && Height > 0)
        {
            text.Append(culture, $",RESOLUTION={Width}x{Height}");
        }

        if (FrameRate > 0)
        {
            text.Append(culture, $",FRAME-RATE={FrameRate:0.000}");
        }

        if (VideoRange is not null)
        {
            text.Append(culture, $",VIDEO-RANGE={VideoRange}");
        }

        if (AudioGroup is not null)
        {
            text.Append(culture, $",AUDIO=\"{AudioGroup}\"");
        }

        if (CaptionGroup is not null)
        {
            text.Append(culture, $",CLOSED-CAPTIONS=\"{CaptionGroup}\"");
        }

        text.Append('\n').Append(Uri).Append('\n');
    }
}
