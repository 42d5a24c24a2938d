using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broadcast.Pipeline.Tests;

/// <summary>
/// Scripted encoders through every stage: objects in the store and responses of the origin, unchanged byte for byte since earlier versions.
/// </summary>
public sealed class GoldenTests : PipelineTest
{
    private static readonly string[] Headers = ["Content-Type", "Cache-Control", "CMSD-Static", "ETag"];

    [Theory]
    [InlineData("standard")]
    [InlineData("low")]
    public async Task Objects_and_manifests_of_a_session_with_a_reconnect_are_golden(string latency)
    {
        var session = new BroadcastSession(ChannelName.Parse("main"), SessionId.Parse("01JN8E0000000000000000000A"), 1, _time.GetUtcNow(),
            LatencyProfile.Find(latency)!)
        {
            DvrWindow = TimeSpan.FromHours(1), IsRecorded = true,
        };
        var text = new StringBuilder();
        var camera = _line.Connect(session);
        await camera.SendAsync(150);
        await camera.GoneAsync();
        await AddManifestsAsync(text, session, "live");
        _time.Advance(TimeSpan.FromSeconds(5));

        var second = new FlvEncoder(_time) { IsReconfigured = true, Name = 1 };
        _line.Attach(second, session);
        await second.SendAsync(20);
        await second.GoneAsync();
        await AddManifestsAsync(text, session, "after a reconnect with another configuration");
        await _line.EndAsync(session);
        await AddManifestsAsync(text, session, "ended");
        Golden.Matches($"manifests-{latency}.http", text.ToString());

        await _line.UploadedAsync();
        var objects = new StringBuilder();
        foreach (var name in (await _line.StoredAsync("")).Order(StringComparer.Ordinal))
        {
            await using var content = await _line.Store.OpenAsync(ObjectName.Parse(name), 0, null, CancellationToken.None);
            using var bytes = new MemoryStream();
            await content.ShouldNotBeNull().Stream.CopyToAsync(bytes);
            objects.Append(CultureInfo.InvariantCulture,
                $"{Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray()))} {bytes.Length,7} {name}\n");
        }

        Golden.Matches($"objects-{latency}.txt", objects.ToString());
    }

    private async Task AddManifestsAsync(StringBuilder text, BroadcastSession session, string state)
    {
        var folder = $"/live/main/{session.Id}";
        text.Append(CultureInfo.InvariantCulture, $"##### {state}\n");
        foreach (var address in new[]
        {
            "/live/main/index.m3u8", "/live/main/manifest.mpd", "/live/main/status.json", $"{folder}/source.m3u8", $"{folder}/audio.m3u8",
            $"{folder}/source/iframes.m3u8",
            $"{folder}/manifest.mpd", $"{folder}/source.m3u8?start=2030-01-01T12:00:20Z&end=2030-01-01T12:00:40Z",
        })
        {
            using var response = await _line.Client.GetAsync(address);
            text.Append(CultureInfo.InvariantCulture, $"--- GET {address}\n{(int)response.StatusCode}\n");
            foreach (var (name, value) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
                .Where(header => Headers.Contains(header.Key)))
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"\n{await response.Content.ReadAsStringAsync()}\n");
        }
    }
}
