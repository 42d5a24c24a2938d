using Broadcast.Media.Bmff;

namespace Broadcast.Pipeline.Tests;

/// <summary>Captions in the pictures of a source, as players find them.</summary>
public sealed class CaptionTests : PipelineTest
{
    [Theory]
    [InlineData("avc1")]
    [InlineData("hvc1")]
    public async Task Captions_are_signalled_in_HLS_and_DASH_and_a_player_that_follows_that_reads_them(string codec)
    {
        var session = Line.Session(_time);
        await _line.PublishAsync(session, Captioned(await CodedTrack.MakeAsync(codec, 6.4), "HELLO WORLD", isHevc: codec == "hvc1"));
        await _line.EndAsync(session);

        var playlist = await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8");
        playlist.ShouldContain("#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"CC1\",DEFAULT=NO,AUTOSELECT=YES,INSTREAM-ID=\"CC1\"\n");
        playlist.ShouldContain(",CLOSED-CAPTIONS=\"cc\"\n");
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/manifest.mpd")).ShouldContain("<Accessibility schemeIdUri=\"urn:scte:dash:cc:cea-608:2015\" value=\"CC1=und\" />");
        (await TextAsync(session)).ShouldContain("HELLO WORLD");
    }

    [Fact]
    public async Task Pictures_without_captions_have_none_signalled_and_nobody_says_that_none_will_come()
    {
        var session = Line.Session(_time);
        await _line.PublishAsync(session, await CodedTrack.MakeAsync("avc1", 4.4));
        await _line.EndAsync(session);
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/index.m3u8")).ShouldNotContain("CLOSED-CAPTIONS");
        (await _line.Client.GetStringAsync($"/live/{session.Channel}/manifest.mpd")).ShouldNotContain("Accessibility");
    }

    /// <summary>A pair of bytes in each picture, in the order in which they are shown.</summary>
    private static CodedTrack Captioned(CodedTrack track, string text, bool isHevc)
    {
        var pairs = Captioning.Line(text);
        var shown = track.Samples.Select((s, i) => (Index: i, Present: s.Decode + s.Said.CompositionOffset)).OrderBy(s => s.Present).Select((s, place) => (s.Index, place)).ToDictionary(s => s.Index, s => s.place);
        return track with
        {
            Samples =
            [
                .. track.Samples.Select((sample, index) =>
                {
                    // Some pictures in, so that a player has begun.
                    var (place, pair) = (shown[index] - 25, Captioning.Filler);
                    pair = place >= 0 && place < pairs.Count ? pairs[place] : pair;
                    var payload = Captioning.With(sample.Payload, isHevc, (0, pair.First, pair.Second));
                    return sample with { Payload = payload, Said = sample.Said with { Size = payload.Length } };
                }),
            ],
        };
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

        return (await ChildProcess.RunAsync("ffmpeg", ["-nostdin", "-v", "error", "-f", "lavfi", "-i", $"movie={file}[out0+subcc]", "-map", "0:s", "-f", "srt", "-"])).EnsureSuccess().Output;
    }
}
