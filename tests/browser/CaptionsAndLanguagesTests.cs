using System.Text.Json;
using Broadcast.Testing;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace Broadcast.Browser.Tests;

/// <summary>
/// Captions in the video and a second audio language, from the encoder to the viewer, with parts shorter than a caption. Captions are
/// compared with the sent text; languages are distinguished by their tones.
/// </summary>
[Collection(nameof(ExclusiveCollection))]
public sealed class CaptionsAndLanguagesTests(Chromium chromium, WordyChannel live) : IClassFixture<WordyChannel>
{
    private const string Showing =
        "() => [...document.querySelector('video').textTracks].filter(track => track.mode === 'showing').flatMap(track => "
        + "[...track.activeCues ?? []]).map(cue => cue.text).join(' ')";

    private const string Preferences = "() => localStorage.getItem('broadcast.player') ?? '{}'";

    /// <summary>Strongest tone of the played audio, in hertz.</summary>
    private const string Tone = """
        () => {
          const ear = window.ear ??= (() => {
            const context = new AudioContext();
            const analyser = new AnalyserNode(context, { fftSize: 8192 });
            context.createMediaElementSource(document.querySelector('video')).connect(analyser).connect(context.destination);
            return { context, analyser, bins: new Float32Array(4096) };
          })();
          ear.analyser.getFloatFrequencyData(ear.bins);
          const strongest = ear.bins.reduce((best, value, at) => value > ear.bins[best] ? at : best, 0);
          return ear.bins[strongest] > -80 ? strongest * ear.context.sampleRate / ear.analyser.fftSize : 0;
        }
        """;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Captions_can_be_switched_on_and_the_choice_survives_a_reload()
    {
        var page = await chromium.OpenPlayerAsync(new Uri(live.Server.Http, "/watch/" + live.Channel.Name));
        await Poll.UntilAsync(async () => (await SectionsAsync(page)).Contains("captions"), Timeout, "captions can be chosen");
        (await page.EvaluateAsync<string>(Showing)).ShouldBeEmpty("they are off until somebody wants them");

        await page.Keyboard.PressAsync("c");
        await Poll.UntilAsync(async () => await page.EvaluateAsync<string>(Showing) == WordyChannel.Words, Timeout,
            "the words that were sent are shown, and all of them");
        JsonDocument.Parse(await page.EvaluateAsync<string>(Preferences)).RootElement.GetProperty("captions").GetString().ShouldBe("CC1");
        await page.Keyboard.PressAsync("c");
        (await page.EvaluateAsync<string>(Showing)).ShouldBeEmpty();
        await page.Keyboard.PressAsync("c");

        await page.ReloadAsync();
        await Poll.UntilAsync(async () => await page.EvaluateAsync<string>(Showing) == WordyChannel.Words, Timeout,
            "who wanted them last time has them");
        await page.Context.CloseAsync();
    }

    [Fact]
    public async Task Audio_language_can_be_chosen_in_the_menu_and_changes_without_a_stall()
    {
        var page = await chromium.OpenPlayerAsync(new Uri(live.Server.Http, "/watch/" + live.Channel.Name));
        await Poll.UntilAsync(async () => Math.Abs(await page.EvaluateAsync<double>(Tone) - WordyChannel.English) < 20, Timeout,
            "the first language is heard");
        await page.EvaluateAsync(
            "() => { window.stops = 0; document.querySelector('video').addEventListener('waiting', () => window.stops++); }");

        await page.ClickAsync("[data-control=settings]");
        await page.ClickAsync("[data-section=audio]");
        (await page.Locator("[role=menuitemradio]").AllTextContentsAsync()).ShouldBe(["English", "German"]);
        await page.ClickAsync("[role=menuitemradio]:has-text('German')");
        await Poll.UntilAsync(async () => Math.Abs(await page.EvaluateAsync<double>(Tone) - WordyChannel.German) < 20, Timeout,
            "the other language is heard");
        (await page.EvaluateAsync<int>("() => window.stops")).ShouldBe(0, "playback does not stop");
        JsonDocument.Parse(await page.EvaluateAsync<string>(Preferences)).RootElement.GetProperty("audio").GetString().ShouldBe("de");

        await page.ReloadAsync();
        await Poll.UntilAsync(async () => Math.Abs(await page.EvaluateAsync<double>(Tone) - WordyChannel.German) < 20, Timeout,
            "who chose it last time hears it at once");
        await page.Context.CloseAsync();
    }

    private static async Task<string[]> SectionsAsync(IPage page)
    {
        await page.FocusAsync("[data-control=settings]");
        await page.Keyboard.PressAsync("Enter");
        var sections = await page.EvaluateAsync<string[]>(
            "() => [...document.querySelectorAll('[data-section]')].map(item => item.dataset.section)");
        await page.Keyboard.PressAsync("Escape");
        return sections;
    }
}

/// <summary>
/// A server with a channel to which the load generator publishes video with captions and audio in two languages while the tests of a class
/// run.
/// </summary>
public sealed class WordyChannel : IAsyncLifetime
{
    /// <summary>Text of the captions: longer than the frames of one part can carry.</summary>
    public const string Words = "WHAT WAS SAID IS READ";

    /// <summary>Tone of the first language, in hertz.</summary>
    public const int English = 440;

    /// <summary>Tone of the second language, in hertz.</summary>
    public const int German = 880;

    private readonly TempFolder _folder = TempFolder.Create();
    private ChildProcess? _encoder;

    public BroadcastServer Server { get; private set; } = null!;

    public CreatedChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var file = _folder.Sub("words.flv");
        var server = BroadcastServer.StartAsync();
        var captions = Captioning.PopOn(Words, shown: 40);
        await TracksFile.WriteAsync(
            file,
            Captioning.On(await CodedTrack.MakeAsync("avc1", 4), captions, from: 100 - captions.Count, filled: false),
            await CodedTrack.MakeAsync("mp4a", 4, tone: English, language: "en"),
            await CodedTrack.MakeAsync("mp4a", 4, tone: German, language: "de"));
        Server = await server;
        Channel = await Server.AddChannelAsync("words", new { ladder = "passthrough", latency = "low" });
        _encoder = ChildProcess.Start("dotnet",
            [Repository.ServerProgram(), "load", "publish", "--file", file, "--url", Server.PublishUrl(Channel), "--seconds", "300"]);
        await Poll.UntilAsync(
            async () => (await Server.Client.GetAsync($"/live/{Channel.Name}/index.m3u8")).IsSuccessStatusCode, TimeSpan.FromSeconds(40),
            "it is on air");
    }

    public async ValueTask DisposeAsync()
    {
        if (_encoder is not null)
        {
            await _encoder.DisposeAsync();
        }

        await Server.DisposeAsync();
        await _folder.DisposeAsync();
    }
}

/// <summary>Tests that count each stall of playback; they run after the others.</summary>
[CollectionDefinition(nameof(ExclusiveCollection), DisableParallelization = true)]
public sealed class ExclusiveCollection;
