using System.Globalization;
using Broadcast.Ingest.Rtmp.Amf;
using Broadcast.Ingest.Rtmp.Flv;

namespace Broadcast.Ingest.Rtmp.Messages;

/// <summary>What <c>onMetaData</c> claims. A hint only: what is true stands in the sequence headers.</summary>
/// <param name="HasVideo">Whether it names a video codec, or <see langword="null"/> when it names no codec at all.</param>
/// <param name="HasAudio">Whether it names an audio codec, or <see langword="null"/> when it names no codec at all.</param>
/// <param name="Encoder">What the encoder calls itself, or empty.</param>
/// <param name="VideoTracks">Video tracks that are announced, by the encoder's numbers; 0, the one that most viewers get, only when something is said of it.</param>
/// <param name="AudioTracks">Audio tracks that are announced.</param>
internal sealed record StreamMetadata(
    bool? HasVideo, bool? HasAudio, string Encoder, IReadOnlyDictionary<int, TrackLabel> VideoTracks, IReadOnlyDictionary<int, TrackLabel> AudioTracks)
{
    private const int MaxTrackNumber = 255;
    private const double HighestFrameRate = 1000;

    // Some encoders leave a 0 or 1 there, others bits a second.
    private const double LeastKilobits = 100;
    private const double MostKilobits = 200_000;

    /// <summary>Frames a second that it claims, or 0 when it claims none that could be.</summary>
    public double FrameRate { get; init; }

    /// <summary>Bits a second of its pictures that it claims, or 0 when it claims none that could be.</summary>
    public int VideoBitsPerSecond { get; init; }

    /// <summary>Reads a data message.</summary>
    /// <param name="message">Of type 18, or 15: then one byte says which AMF follows.</param>
    /// <param name="metadata">What it claims; <see langword="null"/> when it is other data, such as a cue point, or is taken back.</param>
    /// <returns><see langword="false"/> when it cannot be read.</returns>
    public static bool TryRead(in Chunks.RtmpMessage message, out StreamMetadata? metadata)
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
            var name = TextOf(ref reader);
            if (name == "@setDataFrame")
            {
                name = TextOf(ref reader);
            }

            if (name == "onMetaData" && !reader.AtEnd && !reader.AtAmf3)
            {
                metadata = reader.Read() is AmfValue.Map map ? Of(map) : null;
            }

            // The rest of other data means nothing here, so it is not even looked at.
            return name is not null;
        }
        catch (RtmpProtocolException)
        {
            // Metadata is worth no connection: the caller counts it as nonsense.
            return false;
        }
    }

    private static string? TextOf(ref AmfReader reader) => reader.AtEnd || reader.AtAmf3 ? null : (reader.Read() as AmfValue.Text)?.Value;

    private static StreamMetadata Of(AmfValue.Map map)
    {
        var (video, audio) = (map.Properties.ContainsKey("videocodecid"), map.Properties.ContainsKey("audiocodecid"));
        return new StreamMetadata(
            video || audio ? video : null,
            video || audio ? audio : null,
            CleanText.Of(map.TextOf("encoder")),
            Tracks(map.Find("videoTrackIdInfoMap"), TrackLabel.None),
            Tracks(map.Find("audioTrackIdInfoMap"), TrackLabel.Of(map.TextOf("language"), null)))
        {
            FrameRate = map.Find("framerate") is AmfValue.Number { Value: > 0 and <= HighestFrameRate } rate ? rate.Value : 0,
            VideoBitsPerSecond = map.Find("videodatarate") is AmfValue.Number { Value: >= LeastKilobits and <= MostKilobits } bits ? (int)(bits.Value * 1000) : 0,
        };
    }

    /// <summary>Enhanced RTMP v2, "Enhancing onMetaData": an object for each track, by its number; the first one is described by the properties around.</summary>
    private static Dictionary<int, TrackLabel> Tracks(AmfValue tracks, TrackLabel first)
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
                    labels[number] = TrackLabel.Of(value.TextOf("language"), value.TextOf("name") ?? value.TextOf("title"));
                }
            }
        }

        return labels;
    }
}
