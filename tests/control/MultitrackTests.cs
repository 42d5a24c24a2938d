using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Broadcast.Control.Channels;
using Broadcast.Control.Multitrack;
using Broadcast.Control.Publishing;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Control.Tests;

/// <summary>
/// Encoder configuration requests of OBS Studio. The requests were written by hand from the published format, not recorded from OBS.
/// </summary>
public sealed class MultitrackTests(PostgresFixture postgres)
{
    private const string Path = "/api/v1/obs/multitrack";

    [Theory]
    [InlineData("obs-30.2-windows-nvidia", "passthrough", "jim_nvenc", "1920x1080 1280x720 852x480 640x360", "60/1")]
    [InlineData("obs-30.2-windows-nvidia", "720p", "jim_nvenc", "1280x720 852x480 640x360", "60/1")]
    [InlineData("obs-31.0-windows-amd", "1080p", "h264_texture_amf", "1280x720 852x480 640x360", "30000/1001")]
    [InlineData("obs-30.2-windows-nvidia", "960x720@2500k,480p30@1200k,4096p@50M", "jim_nvenc", "1920x1080 960x540 854x480", "60/1")]
    [InlineData("obs-32.0-linux-software", "auto", "obs_x264", "1080x1920", "30/1")]
    public async Task Valid_key_gets_tracks_that_fit_source_size_ladder_and_encoder(string request, string ladder, string encoder,
        string sizes, string rate)
    {
        await using var server = await ServerAsync();
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new(Ladder: ladder))).Key.StreamKey;

        var (status, answer) = await AskAsync(server, Request(request).Replace("STREAM-KEY", key));

        status.ShouldBe(200);
        answer.GetProperty("status").GetProperty("result").GetString().ShouldBe("success");
        answer.GetProperty("meta").GetProperty("config_id").GetString().ShouldNotBeNullOrEmpty();
        answer.GetProperty("meta").GetProperty("schema_version").GetString()
            .ShouldBe(JsonDocument.Parse(Request(request)).RootElement.GetProperty("schema_version").GetString());
        var tracks = answer.GetProperty("encoder_configurations").EnumerateArray().ToList();
        string.Join(' ', tracks.Select(t => $"{t.GetProperty("width")}x{t.GetProperty("height")}")).ShouldBe(sizes);
        tracks.ShouldAllBe(t => t.GetProperty("type").GetString() == encoder && t.GetProperty("canvas_index").GetInt32() == 0);
        tracks.ShouldAllBe(t =>
            $"{t.GetProperty("framerate").GetProperty("numerator")}/{t.GetProperty("framerate").GetProperty("denominator")}" == rate);
        tracks.Select(t => t.GetProperty("settings"))
            .ShouldAllBe(s => s.GetProperty("keyint_sec").GetInt32() == 2 && s.GetProperty("rate_control").GetString() == "CBR");
        var bitrates = tracks.Select(t => t.GetProperty("settings").GetProperty("bitrate").GetInt32()).ToList();
        bitrates.ShouldBe(bitrates.OrderDescending());
        bitrates.ShouldAllBe(b => b >= 200 && b <= 20_000);
        answer.GetProperty("ingest_endpoints").EnumerateArray()
            .Select(e => (e.GetProperty("protocol").GetString(), e.GetProperty("url_template").GetString())).ShouldBe(
            [("RTMP", "rtmp://127.0.0.1:1935/live/{stream_key}"), ("RTMPS", "rtmps://127.0.0.1:1936/live/{stream_key}")]);
        var audio = answer.GetProperty("audio_configurations");
        audio.GetProperty("live").EnumerateArray().ShouldHaveSingleItem().GetProperty("codec").GetString().ShouldBe("aac");
        audio.TryGetProperty("vod", out _).ShouldBe(request.Contains("amd"), "OBS does not start without the track that it asked for");
        answer.GetRawText().ShouldNotContain(key[9..]);
    }

    [Fact]
    public async Task User_errors_are_returned_with_status_200_because_OBS_shows_no_other()
    {
        await using var server = await ServerAsync();
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;

        foreach (var wrong in (string[])["", "demo", key[..^1] + (key[^1] == 'a' ? 'b' : 'a'), "<b>"])
        {
            var (status, answer) = await AskAsync(server, Request("obs-30.2-windows-nvidia").Replace("STREAM-KEY", wrong));
            (status, answer.GetProperty("status").GetProperty("result").GetString()).ShouldBe((200, "error"));
            answer.GetProperty("status").GetProperty("html_en_us").GetString().ShouldNotBeNull().ShouldContain("stream key is invalid");
            (answer.GetProperty("encoder_configurations").GetArrayLength(),
                answer.GetProperty("ingest_endpoints").GetArrayLength()).ShouldBe((0, 0));
        }
    }

    [Fact]
    public async Task H53_Wrong_keys_are_rate_limited_for_multitrack_requests_and_valid_ones_are_not()
    {
        await using var server = await ServerAsync();
        var key = (await server.Get<ChannelRepository>().CreateAsync("demo", new())).Key.StreamKey;
        var wrong = Request("obs-30.2-windows-nvidia").Replace("STREAM-KEY", string.Concat(key.AsSpan(0, 9), new string('0', 32)));
        for (var i = 0; i < 10; i++)
        {
            await AskAsync(server, wrong);
        }

        (await AskAsync(server, wrong)).Answer.GetProperty("status").GetProperty("html_en_us").GetString().ShouldNotBeNull()
            .ShouldContain("Too many");
        (await AskAsync(server, Request("obs-30.2-windows-nvidia").Replace("STREAM-KEY", key))).Answer.GetProperty("status")
            .GetProperty("result").GetString().ShouldBe("success");
    }

    [Theory]
    [InlineData("", "application/json", 400)]
    [InlineData("[]", "application/json", 400)]
    [InlineData("""{"authentication":""", "application/json", 400)]
    [InlineData("{}", "text/plain", 415)]
    public async Task Malformed_request_is_rejected_with_a_problem_response(string body, string type, int status)
    {
        await using var server = await ServerAsync();
        (await AskAsync(server, body, type)).Status.ShouldBe(status);
    }

    [Fact]
    public async Task Oversized_body_is_rejected_unread()
    {
        await using var server = await ServerAsync();
        (await AskAsync(server, $$"""{"authentication":"{{new string('a', 70_000)}}"}""")).Status.ShouldBe(413);
    }

    [Fact]
    public async Task OBS_gets_an_explanation_if_only_an_auth_callback_decides()
    {
        await using var server = await ServerAsync(("Authorization:Policy", "webhook"), ("Authorization:Url", "http://127.0.0.1:1/"),
            ("Authorization:Format", "srs"));
        var (_, answer) = await AskAsync(server, Request("obs-30.2-windows-nvidia"));
        answer.GetProperty("status").GetProperty("html_en_us").GetString().ShouldNotBeNull().ShouldContain("Enhanced Broadcasting off");
    }

    [Theory]
    [InlineData(null, null, "1920x1080@7550 1280x720@4100 852x480@2250 640x360@1450")]
    [InlineData(1, null, "1920x1080@7550")]
    [InlineData(null, 12_000L, "1920x1080@5823 1280x720@3162 852x480@1735 640x360@1118")]
    [InlineData(null, 8_000L, "1920x1080@5080 1280x720@2759")]
    [InlineData(null, 3_000L, "852x480@1727 640x360@1112")]
    [InlineData(1, 5_000L, "1920x1080@4840")]
    [InlineData(null, 500L, "640x360@340")]
    public void Uplink_bitrate_limit_is_shared_by_all_tracks_and_never_exceeded(int? tracks, long? limit, string expected)
    {
        var client = Client("obs-30.2-windows-nvidia") with { MaxTracks = tracks, MaxBitrate = limit };
        var plan = EncoderLadder.Plan("auto", client, VideoEncoder.For(client));
        string.Join(' ', plan.Select(t => $"{t.Width}x{t.Height}@{t.Bitrate}")).ShouldBe(expected);
        (plan.Sum(t => t.Bitrate) + EncoderLadder.AudioBitrate <= (limit ?? long.MaxValue)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("1280x720@2500k,480p@1200k", null, "1920x1080@7550 1280x720@2500 854x480@1200")]
    [InlineData("720p@2500k,1280x720@2M,240p@100k", null, "1920x1080@7550 1280x720@2500 426x240@200")]
    [InlineData("720p@50M", null, "1920x1080@7550 1280x720@7550")]
    [InlineData("1080p@4M,4096p@9M", null, "1920x1080@7550")]
    [InlineData("1280x720@2500k,480p@1200k", 8_000L, "1920x1080@5261 1280x720@1742 854x480@836")]
    public void Client_encodes_the_rungs_of_the_channel_in_addition_to_its_source(string ladder, long? limit, string expected)
    {
        var client = Client("obs-30.2-windows-nvidia") with { MaxBitrate = limit };
        string.Join(' ', EncoderLadder.Plan(ladder, client, VideoEncoder.For(client)).Select(t => $"{t.Width}x{t.Height}@{t.Bitrate}"))
            .ShouldBe(expected);
    }

    [Theory]
    [InlineData(0x10DEu, 30, "", "jim_nvenc")]
    [InlineData(0x10DEu, 31, "", "obs_nvenc_h264_tex")]
    [InlineData(0x1002u, 31, "", "h264_texture_amf")]
    [InlineData(0x8086u, 31, "", "obs_qsv11_v2")]
    [InlineData(0u, 31, "", "obs_x264")]
    [InlineData(0x10DEu, 32, "obs_x264,obs_nvenc_h264_tex,h264_texture_amf", "obs_nvenc_h264_tex")]
    [InlineData(0x1002u, 32, "obs_x264,obs_nvenc_h264_tex,h264_texture_amf", "h264_texture_amf")]
    [InlineData(0x10DEu, 32, "obs_x264,h264_texture_amf", "obs_x264")]
    [InlineData(0u, 32, "com.apple.videotoolbox.videoencoder.ave.avc,obs_x264", "com.apple.videotoolbox.videoencoder.ave.avc")]
    [InlineData(0x10DEu, 32, "none_that_is_known", "obs_x264")]
    public void Planned_encoder_is_one_that_the_client_has(uint vendor, int version, string named, string expected) =>
        VideoEncoder.For(Client("obs-30.2-windows-nvidia")
            with { GpuVendor = vendor, Version = version, Encoders = named.Split(',', StringSplitOptions.RemoveEmptyEntries) })
            .Name.ShouldBe(expected);

    [Fact]
    public void Plan_is_never_empty_and_never_larger_than_the_source_for_any_client()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var client = Client("obs-30.2-windows-nvidia") with
            {
                Width = random.Next(2, 8000), Height = random.Next(2, 8000), Cores = random.Next(1, 64),
                GpuVendor = seed % 2 == 0 ? 0 : 0x10DEu, MaxBitrate = random.Next(0, 50_000),
            };
            var plan = EncoderLadder.Plan(seed % 3 == 0 ? "auto" : "1280x720@2500k,480p@1200k,16x4096p1@100k,4096p@50M", client,
                VideoEncoder.For(client));
            return plan.Count is >= 1 and <= 4 && plan.All(t => t.Width <= client.Width && t.Height <= client.Height
                && t is { Bitrate: >= 200 } && t.Width % 2 == 0 && t.Height % 2 == 0);
        }).Check(PropertyTest.Config);
    }

    private static string Request(string name) => File.ReadAllText(Repository.PathOf("tests", "control", "multitrack", name + ".json"));

    private static StreamingClient Client(string name) => StreamingClient.Read(Encoding.UTF8.GetBytes(Request(name)))!;

    private static async Task<(int Status, JsonElement Answer)> AskAsync(Server server, string body, string type = "application/json")
    {
        using var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        var (status, answer, _) = await server.SendAsync("POST", Path, body: content);
        return (status, answer);
    }

    private async Task<Server> ServerAsync(params (string, string)[] settings) =>
        await Server.StartAsync((await postgres.FreshAsync()).ConnectionString, addresses: new FixedAddresses(), settings: settings);

    private sealed class FixedAddresses : IPublishUrls
    {
        public PublishUrls For(string host) => new($"rtmp://{host}:1935/live", $"rtmps://{host}:1936/live");
    }
}
