
namespace Broadcast.Pipeline.Tests;

/// <summary>Captions in the video of a source, as players find them.</summary>
public sealed class CaptionTests : PipelineTest
{
    [Theory]
    [InlineData("avc1")]
    [InlineData("hvc1")]
    public async Task Captions_are_signalled_in_HLS_and_DASH_and_a_player_can_read_them(string codec)
    {
        var session = PipelineHarness.Session(_time);
        await _line.PublishAsync(session, Captioning.On(await CodedTrack.MakeAsync(codec, 6.4), Captioning.Line("HELLO WORLD"), from: 25));
        await _line.EndAsync(session);

        var playlist = await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8");
        playlist.ShouldContain(
            "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC1\"\n");
        playlist.ShouldContain(",CLOSED-CAPTIONS=\"cc\"\n");
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/manifest.mpd")).ShouldContain(
            "<Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\" value=\"CC1=und\" />");
        (await TextAsync(session)).ShouldContain("HELLO WORLD");
    }

    [Fact]
    public async Task Captions_that_start_late_are_signalled_from_the_first_caption()
    {
        var session = PipelineHarness.Session(_time);
        await _line.PublishAsync(session,
            Captioning.On(await CodedTrack.MakeAsync("avc1", 8.4), Captioning.PopOn("HELLO WORLD", shown: 50), from: 100, filled: false));
        await _line.EndAsync(session);

        (await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8")).ShouldContain("INSTREAM-ID=\"CC1\"\n");
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/manifest.mpd")).ShouldContain(
            "<Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\" value=\"CC1=und\" />");
        (await TextAsync(session)).ShouldContain("HELLO WORLD");
    }

    [Fact]
    public async Task Video_without_captions_signals_none_in_HLS_and_DASH()
    {
        var session = PipelineHarness.Session(_time);
        await _line.PublishAsync(session, await CodedTrack.MakeAsync("avc1", 4.4));
        await _line.EndAsync(session);
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8")).ShouldNotContain("CLOSED-CAPTIONS");
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/manifest.mpd")).ShouldNotContain("Accessibility");
    }

    private async Task<string> TextAsync(BroadcastSession session)
    {
        var file = _folder.Sub("captioned.mp4");
        await using (var stream = File.Create(file))
        {
            var playlist = await _line.PlaylistAsync(session);
            foreach (var address in playlist.Entries.Select(e => e.Address).Prepend(playlist.Entries[0].Map))
            {
                await stream.WriteAsync(await _line.MediaAsync(session, address));
            }
        }

        return (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-f", "lavfi", "-i", $"movie={file}[out0+subcc]", "-map",
            "0:s", "-f", "srt", "-"])).EnsureSuccess().Output;
    }
}
