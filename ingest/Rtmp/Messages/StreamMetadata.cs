using Broadcast.Ingest.Rtmp.Amf;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>What <c>onMetaData</c> claims. A hint only: what is true stands in the sequence headers.</summary>
/// <param name="HasVideo">Whether it names a video codec, or <see langword="null"/> when it names no codec at all.</param>
/// <param name="HasAudio">Whether it names an audio codec, or <see langword="null"/> when it names no codec at all.</param>
/// <param name="Encoder">What the encoder calls itself, or empty.</param>
internal sealed record StreamMetadata(bool? HasVideo, bool? HasAudio, string Encoder)
{
    /// <summary>Reads a data message; <see langword="null"/> when it is not metadata or cannot be read.</summary>
    public static StreamMetadata? Read(in Chunks.RtmpMessage message)
    {
        var body = message.Payload.Span;
        if (message.Type == MessageType.DataAmf3 && !body.IsEmpty && body[0] == 0)
        {
            body = body[1..];
        }

        try
        {
            var reader = new AmfReader(body);
            var name = reader.AtEnd ? null : (reader.Read() as AmfValue.Text)?.Value;
            if (name == "@setDataFrame" && !reader.AtEnd)
            {
                name = (reader.Read() as AmfValue.Text)?.Value;
            }

            if (name != "onMetaData" || reader.AtEnd || reader.Read() is not AmfValue.Map map)
            {
                return null;
            }

            var (video, audio) = (map.Properties.ContainsKey("videocodecid"), map.Properties.ContainsKey("audiocodecid"));
            return new StreamMetadata(video || audio ? video : null, video || audio ? audio : null, CleanText.Of(map.TextOf("encoder")));
        }
        catch (RtmpProtocolException)
        {
            // Metadata is worth no connection: the caller counts it as nonsense.
            return null;
        }
    }
}

/// <summary>Text of strangers, fit for a log line.</summary>
internal static class CleanText
{
    private const int MaxLength = 128;

    /// <summary>Without control and format characters (line breaks, direction marks), at most 128 characters.</summary>
    public static string Of(string? text) => text is null
        ? ""
        : new string([.. text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c)
            && char.GetUnicodeCategory(c) is not (System.Globalization.UnicodeCategory.Format
                or System.Globalization.UnicodeCategory.LineSeparator or System.Globalization.UnicodeCategory.ParagraphSeparator)).Take(MaxLength)]);
}
