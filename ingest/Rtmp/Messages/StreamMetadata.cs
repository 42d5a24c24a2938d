using System.Globalization;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Flv;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>Contents of <c>onMetaData</c>. Only hints: the sequence headers are authoritative.</summary>
/// <param name="HasVideo">Whether it declares a video codec, or <see langword="null"/> when it declares no codec at all.</param>
/// <param name="HasAudio">Whether it declares an audio codec, or <see langword="null"/> when it declares no codec at all.</param>
/// <param name="Encoder">Encoder name, or empty.</param>
/// <param name="VideoTracks">Announced video tracks by the encoder's numbers. Contains track 0, the default track, only when it has a
/// label.</param>
/// <param name="AudioTracks">Announced audio tracks.</param>
internal sealed record StreamMetadata(
    bool? HasVideo, bool? HasAudio, string Encoder, IReadOnlyDictionary<int, TrackLabel> VideoTracks,
    IReadOnlyDictionary<int, TrackLabel> AudioTracks)
{
    private const int MaxTrackNumber = 255;
    private const double MaxFrameRate = 1000;

    // Some encoders send 0 or 1, others bits per second.
    private const double MinKilobits = 100;
    private const double MaxKilobits = 200_000;

    /// <summary>Declared frame rate, or 0 when absent or implausible.</summary>
    public double FrameRate { get; init; }

    /// <summary>Declared video bit rate, or 0 when absent or implausible.</summary>
    public int VideoBitsPerSecond { get; init; }

    /// <summary>Parses a data message.</summary>
    /// <param name="message">Message of type 18 or 15. Type 15 begins with a byte for the AMF version.</param>
    /// <param name="metadata">The metadata; <see langword="null"/> when the message is other data, such as a cue point, or clears the
    /// metadata.</param>
    /// <returns><see langword="false"/> when the message cannot be parsed.</returns>
    public static bool TryRead(in Broadcast.Ingest.Rtmp.Chunks.RtmpMessage message, out StreamMetadata? metadata)
    {
        metadata = null;
        var body = message.Payload.Span;
        if (message.Type == MessageType.DataAmf3 && !body.IsEmpty && body[0] == 0)
        {
            body = body[1..];
        }

        try
        {
            var reader = new AmfReader(body);
            var name = ReadText(ref reader);
            if (name == "@setDataFrame")
            {
                name = ReadText(ref reader);
            }

            if (name == "onMetaData" && !reader.AtEnd && !reader.AtAmf3)
            {
                metadata = reader.Read() is AmfValue.Map map ? Create(map) : null;
            }

            // The rest of other data is ignored without parsing.
            return name is not null;
        }
        catch (RtmpProtocolException)
        {
            // Invalid metadata does not end the connection: the caller counts it as an ignored message.
            return false;
        }
    }

    private static string? ReadText(ref AmfReader reader) => reader.AtEnd || reader.AtAmf3 ? null : (reader.Read() as AmfValue.Text)?.Value;

    private static StreamMetadata Create(AmfValue.Map map)
    {
        var (video, audio) = (map.Properties.ContainsKey("videocodecid"), map.Properties.ContainsKey("audiocodecid"));
        return new StreamMetadata(
            video || audio ? video : null,
            video || audio ? audio : null,
            TextSanitizer.Sanitize(map.GetText("encoder")),
            ReadTracks(map.Find("videoTrackIdInfoMap"), TrackLabel.None),
            ReadTracks(map.Find("audioTrackIdInfoMap"), TrackLabel.Create(map.GetText("language"), null)))
        {
            FrameRate = map.Find("framerate") is AmfValue.Number { Value: > 0 and <= MaxFrameRate } rate ? rate.Value : 0,
            VideoBitsPerSecond = map.Find("videodatarate") is AmfValue.Number { Value: >= MinKilobits and <= MaxKilobits } bits
                ? (int)(bits.Value * 1000)
                : 0,
        };
    }

    /// <summary>
    /// Enhanced RTMP v2, "Enhancing onMetaData": an object for each track, by its number. The properties outside describe the first track.
    /// </summary>
    private static Dictionary<int, TrackLabel> ReadTracks(AmfValue tracks, TrackLabel first)
    {
        var labels = new Dictionary<int, TrackLabel>();
        if (first != TrackLabel.None)
        {
            labels[0] = first;
        }

        if (tracks is AmfValue.Map map)
        {
            foreach (var (key, value) in map.Properties)
            {
                if (labels.Count < VideoTags.MaxTracks
                    && int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    && number <= MaxTrackNumber)
                {
                    labels[number] = TrackLabel.Create(value.GetText("language"), value.GetText("name") ?? value.GetText("title"));
                }
            }
        }

        return labels;
    }
}
