using System.Net.Http.Json;
using System.Text.Json;
using Broadcast.Testing;

namespace Broadcast.Benchmarks;

/// <summary>Recording of a session of a server, as files with one video configuration each.</summary>
/// <param name="Files">The files, in order.</param>
internal sealed record RecordedSession(IReadOnlyList<string> Files)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Ends the session of a channel and downloads the video of its recording.</summary>
    /// <param name="server">The server.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="folder">Folder for the files.</param>
    public static async Task<RecordedSession> DownloadAsync(BroadcastServer server, string channel, string folder)
    {
        var status = await server.Client.GetFromJsonAsync<JsonElement>($"/live/{channel}/status.json");
        var address = new Uri(server.Http, $"/vod/{status.GetProperty("session").GetString()}/source.m3u8");
        using (var end = await server.Api.PostAsync($"/api/v1/channels/{channel}/end", null))
        {
            // 409: it has ended by itself.
            if (!end.IsSuccessStatusCode && end.StatusCode != System.Net.HttpStatusCode.Conflict)
            {
                throw new InvalidOperationException($"{end.StatusCode}: {await end.Content.ReadAsStringAsync()}");
            }
        }

        HlsPlaylist? playlist = null;
        await Poll.UntilAsync(
            async () =>
            {
                using var answer = await server.Client.GetAsync(address);
                playlist = answer.IsSuccessStatusCode ? HlsPlaylist.Parse(address, await answer.Content.ReadAsStringAsync()) : null;
                return playlist is { IsEnded: true };
            },
            Limit, "the recording is complete");
        Directory.CreateDirectory(folder);
        var files = new List<string>();
        FileStream? file = null;
        Uri? map = null;
        foreach (var segment in playlist!.Segments.Where(segment => !segment.IsGap))
        {
            if (file is null || segment.Map != map)
            {
                await (file?.DisposeAsync() ?? default);
                files.Add(Path.Combine(folder, $"{channel}-{files.Count}.mp4"));
                file = File.Create(files[^1]);
                await file.WriteAsync(await server.Client.GetByteArrayAsync(map = segment.Map));
            }

            await file.WriteAsync(await server.Client.GetByteArrayAsync(segment.Address));
        }

        await (file?.DisposeAsync() ?? default);
        return new RecordedSession(files);
    }

    /// <summary>Reads and decodes all files.</summary>
    public async Task<DecodedMedia> ReadAsync()
    {
        var frames = new List<string>();
        var complaints = new List<string>();
        foreach (var file in Files)
        {
            var media = await DecodedMedia.ReadAsync(file);
            frames.AddRange(media.Frames);
            complaints.AddRange(media.Complaints.Length > 0 ? [media.Complaints] : []);
        }

        return new DecodedMedia(frames, string.Join('\n', complaints));
    }
}
