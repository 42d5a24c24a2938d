using System.Net;
using System.Text.Json.Serialization;
using Broadcast.Control.Publishing;

namespace Broadcast.Control.Multitrack;

// Response to a streaming program, with the members that OBS Studio reads.

internal sealed record EncoderConfiguration(
    [property: JsonPropertyName("meta")] ConfigurationMeta Meta,
    [property: JsonPropertyName("status")] ConfigurationStatus Status,
    [property: JsonPropertyName("ingest_endpoints")] IReadOnlyList<IngestEndpoint> Endpoints,
    [property: JsonPropertyName("encoder_configurations")] IReadOnlyList<VideoTrackConfiguration> Video,
    [property: JsonPropertyName("audio_configurations")] AudioTrackConfigurations Audio)
{
    /// <summary>Creates a rejection. The program shows its message and does not start.</summary>
    public static EncoderConfiguration Reject(StreamingClient client, string message) =>
        new(MetaOf(client), new("error", WebUtility.HtmlEncode(message)), [], [], new([], null));

    /// <summary>Creates the encoder settings and ingest endpoints.</summary>
    public static EncoderConfiguration For(StreamingClient client, string ladder, PublishUrls urls)
    {
        var encoder = VideoEncoder.For(client);
        var tracks = EncoderLadder.Plan(ladder, client, encoder).Select(track => new VideoTrackConfiguration(
            encoder.Name, track.Width, track.Height, new(client.RateNumerator, client.RateDenominator),
            SettingsOf(encoder, track))).ToList();
        AudioTrackConfiguration AudioTrack(int id) => new("aac", id, client.AudioChannels, new(EncoderLadder.AudioBitrate));
        return new(MetaOf(client), new("success", null), EndpointsOf(urls), tracks,
            new([AudioTrack(0)], client.HasRecordingAudio ? [AudioTrack(1)] : null));
    }

    private static ConfigurationMeta MetaOf(StreamingClient client) => new(client.Service, client.SchemaVersion, Guid.NewGuid().ToString());

    // OBS uses the first endpoint unless the user selects one. RTMPS is first only if its certificate can be verified.
    private static List<IngestEndpoint> EndpointsOf(PublishUrls urls)
    {
        var rtmp = new IngestEndpoint("RTMP", urls.Rtmp + "/{stream_key}");
        return urls.Rtmps is not { } url ? [rtmp]
            : urls.IsCertified ? [new("RTMPS", url + "/{stream_key}"), rtmp] : [rtmp, new("RTMPS", url + "/{stream_key}")];
    }

    private static Dictionary<string, object> SettingsOf(VideoEncoder encoder, EncodedTrack track)
    {
        var settings = new Dictionary<string, object>(StringComparer.Ordinal) { ["rate_control"] = "CBR", ["bitrate"] = track.Bitrate,
            ["keyint_sec"] = 2 };
        foreach (var (name, value) in encoder.Settings)
        {
            settings[name] = value;
        }

        return settings;
    }
}

internal sealed record ConfigurationMeta(
    [property: JsonPropertyName("service")] string Service,
    [property: JsonPropertyName("schema_version")] string SchemaVersion,
    [property: JsonPropertyName("config_id")] string ConfigurationId);

internal sealed record ConfigurationStatus(
    [property: JsonPropertyName("result")] string Result,
    [property: JsonPropertyName("html_en_us"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Html);

internal sealed record IngestEndpoint(
    [property: JsonPropertyName("protocol")] string Protocol,
    [property: JsonPropertyName("url_template")] string UrlTemplate);

internal sealed record FrameRate(
    [property: JsonPropertyName("numerator")] int Numerator,
    [property: JsonPropertyName("denominator")] int Denominator);

internal sealed record VideoTrackConfiguration(
    [property: JsonPropertyName("type")] string Type,
    [property: JsonPropertyName("width")] int Width,
    [property: JsonPropertyName("height")] int Height,
    [property: JsonPropertyName("framerate")] FrameRate Rate,
    [property: JsonPropertyName("settings")] IReadOnlyDictionary<string, object> Settings)
{
    [JsonPropertyName("gpu_scale_type")]
    public string Scaling { get; } = "OBS_SCALE_BICUBIC";

    [JsonPropertyName("colorspace")]
    public string ColorSpace { get; } = "VIDEO_CS_709";

    [JsonPropertyName("range")]
    public string Range { get; } = "VIDEO_RANGE_PARTIAL";

    [JsonPropertyName("format")]
    public string Format { get; } = "VIDEO_FORMAT_NV12";

    [JsonPropertyName("canvas_index")]
    public int Canvas { get; }
}

internal sealed record AudioTrackConfigurations(
    [property: JsonPropertyName("live")] IReadOnlyList<AudioTrackConfiguration> Live,
    [property: JsonPropertyName("vod"),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<AudioTrackConfiguration>? Recording);

internal sealed record AudioTrackConfiguration(
    [property: JsonPropertyName("codec")] string Codec,
    [property: JsonPropertyName("track_id")] int Track,
    [property: JsonPropertyName("channels")] int Channels,
    [property: JsonPropertyName("settings")] AudioSettings Settings);

internal sealed record AudioSettings([property: JsonPropertyName("bitrate")] int Bitrate);
