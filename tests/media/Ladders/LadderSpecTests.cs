using Broadcast.Media.Ladders;
using Broadcast.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Broadcast.Media.Tests.Ladders;

public sealed class LadderSpecTests
{
    [Theory]
    [InlineData("auto", "auto")]
    [InlineData(" Auto ", "auto")]
    [InlineData("passthrough", "passthrough")]
    [InlineData("720p", "720p")]
    [InlineData("4K", "4k")]
    [InlineData("1280x720@2500k", "1280x720@2500k")]
    [InlineData("1280x720@2500k,854x480@1200k", "1280x720@2500k,854x480@1200k")]
    [InlineData("854x480@1200k , 1280X720@2.5M", "1280x720@2500k,854x480@1200k")]
    [InlineData("720p@2500k,480p@1200K", "720p@2500k,480p@1200k")]
    [InlineData("720p30@2500k,1280x720p60@4M", "1280x720p60@4000k,720p30@2500k")]
    [InlineData("720p30@3000k,720p@2000k,720p60@4000k", "720p@2000k,720p60@4000k,720p30@3000k")]
    [InlineData("720x1280@2500k,480p@1200k,4096x4096p240@50000k,16x16p1@100k",
        "4096x4096p240@50000k,720x1280@2500k,480p@1200k,16x16p1@100k")]
    [InlineData("0720p@02500k", "720p@2500k")]
    [InlineData("720p@2.125M", "720p@2125k")]
    [InlineData("720p@0.1M", "720p@100k")]
    public void Ladder_is_parsed_and_formatted_in_one_canonical_form(string text, string told)
    {
        LadderSpec.TryParse(text, out var ladder, out var error).ShouldBeTrue(error);
        ladder.ToString().ShouldBe(told);
        ladder.Preset.ShouldBe(told.Contains('@') ? null : told);
    }

    [Theory]
    [InlineData(null, "Unknown ladder ''. Use one of auto, passthrough, 720p, 1080p, 4k, or rungs such as 1280x720@2500k,854x480@1200k.")]
    [InlineData("8k", "Unknown ladder '8k'. Use one of auto, passthrough, 720p, 1080p, 4k, or rungs such as 1280x720@2500k,854x480@1200k.")]
    [InlineData("best\u001b[2Jé",
        "Unknown ladder 'best?[2J?'. Use one of auto, passthrough, 720p, 1080p, 4k, or rungs such as 1280x720@2500k,854x480@1200k.")]
    [InlineData("480p", "Rung 1, '480p': it has no bitrate. Add one after an '@', as in 1280x720@2500k, 720p@2500k or 720p30@2.5M.")]
    [InlineData("720p,480p@1200k",
        "Rung 1, '720p': it has no bitrate. Add one after an '@', as in 1280x720@2500k, 720p@2500k or 720p30@2.5M.")]
    [InlineData("720p@2500k,",
        "Rung 2, '': it is empty. Remove a comma, or write a rung such as 1280x720@2500k, 720p@2500k or 720p30@2.5M.")]
    [InlineData("@2500k", "Rung 1, '@2500k': its size, '', is invalid. Write it as in 1280x720@2500k, 720p@2500k or 720p30@2.5M.")]
    [InlineData("720@2500k", "Rung 1, '720@2500k': its size, '720', is invalid. Write it as in 1280x720@2500k, 720p@2500k or 720p30@2.5M.")]
    [InlineData("720p@2500k,854x481@1200k", "Rung 2, '854x481@1200k': its height is 481 pixels. Use an even number from 16 to 4096.")]
    [InlineData("14x480@1200k", "Rung 1, '14x480@1200k': its width is 14 pixels. Use an even number from 16 to 4096.")]
    [InlineData("4098p@1200k", "Rung 1, '4098p@1200k': its shorter side is 4098 pixels. Use an even number from 16 to 4096.")]
    [InlineData("x480@1200k", "Rung 1, 'x480@1200k': its width, '', is not a number of pixels. Write a size such as 1280x720 or 720p.")]
    [InlineData("854x480x2@1200k",
        "Rung 1, '854x480x2@1200k': its height, '480x2', is not a number of pixels. Write a size such as 1280x720 or 720p.")]
    [InlineData("-720p@1200k",
        "Rung 1, '-720p@1200k': its shorter side, '-720', is not a number of pixels. Write a size such as 1280x720 or 720p.")]
    [InlineData("1280x720p@1200k",
        "Rung 1, '1280x720p@1200k': its frame rate, '', is not 1 to 240. Write it as in 1280x720p30 or 720p30, or omit it.")]
    [InlineData("720p0@1200k",
        "Rung 1, '720p0@1200k': its frame rate, '0', is not 1 to 240. Write it as in 1280x720p30 or 720p30, or omit it.")]
    [InlineData("720p29.97@1200k",
        "Rung 1, '720p29.97@1200k': its frame rate, '29.97', is not 1 to 240. Write it as in 1280x720p30 or 720p30, or omit it.")]
    [InlineData("720p@", "Rung 1, '720p@': its bitrate, '', does not end with 'k' or 'M'. Write it as in 2500k or 2.5M.")]
    [InlineData("720p@2500000",
        "Rung 1, '720p@2500000': its bitrate, '2500000', does not end with 'k' or 'M'. Write it as in 2500k or 2.5M.")]
    [InlineData("720p@2500k@1200k",
        "Rung 1, '720p@2500k@1200k': its bitrate, '2500k@1200k', is not a number, or finer than 1k. Write it as in 2500k or 2.5M.")]
    [InlineData("720p@1.2345M",
        "Rung 1, '720p@1.2345m': its bitrate, '1.2345m', is not a number, or finer than 1k. Write it as in 2500k or 2.5M.")]
    [InlineData("720p@1.k", "Rung 1, '720p@1.k': its bitrate, '1.k', is not a number, or finer than 1k. Write it as in 2500k or 2.5M.")]
    [InlineData("720p@99k", "Rung 1, '720p@99k': its bitrate, '99k', is out of range. Use 100k to 50000k.")]
    [InlineData("720p@999999M", "Rung 1, '720p@999999m': its bitrate, '999999m', is out of range. Use 100k to 50000k.")]
    [InlineData("720p@2500k, 720P@1200k", "Rung 2, '720p@1200k': duplicate of rung 720p. Remove one of them.")]
    [InlineData("1080p@1M,720p@1M,480p@1M,360p@1M,240p@1M", "The ladder has 5 rungs; the maximum is 4. Remove some.")]
    public void Invalid_ladder_is_rejected_with_the_error_its_position_and_a_fix(string? text, string error)
    {
        LadderSpec.TryParse(text, out var ladder, out var told).ShouldBeFalse();
        ladder.ShouldBeNull();
        told.ShouldBe(error);
    }

    [Fact]
    public void Ladder_that_is_too_long_is_rejected_without_parsing()
    {
        LadderSpec.TryParse("720p@2500k," + new string(',', 1_000_000), out _, out var error).ShouldBeFalse();
        error.ShouldBe("The ladder has 1000011 characters; the maximum is 200. Write up to 4 rungs such as 1280x720@2500k,854x480@1200k.");
    }

    [Fact]
    public void Kelvin_sign_and_numbers_with_null_characters_are_rejected()
    {
        LadderSpec.TryParse("720p@2500\u212a", out _, out _).ShouldBeFalse();
        LadderSpec.TryParse("720p@2500\0k", out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void Formatted_ladder_parses_to_the_same_ladder_in_any_order() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var rungs = Enumerable.Range(0, random.Next(1, LadderSpec.MaxRungs + 1)).Select(_ => Rung(random))
                .DistinctBy(r => r.Name).ToArray();
            LadderSpec.TryParse(string.Join(", ", rungs.Select(r => Written(r, random))), out var ladder, out var error)
                .ShouldBeTrue(error);
            ladder.Rungs.ShouldBe(rungs, ignoreOrder: true);
            ladder.ToString().Length.ShouldBeLessThanOrEqualTo(83);

            random.Shuffle(rungs);
            LadderSpec.TryParse(string.Join(',', (object[])rungs), out var again, out _).ShouldBeTrue();
            again.ShouldBe(ladder);
            again.ToString().ShouldBe(ladder.ToString());
            again.Rungs.ShouldBe(ladder.Rungs);
        }).Check(PropertyTest.Config);

    [Fact]
    public void Any_text_parses_without_an_exception_and_accepted_ladders_round_trip() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), ArbMap.Default.ArbFor<string>(), (seed, text) =>
        {
            const string Alphabet = "0123456789xxpp@@,,kkmM. K\0é";
            var random = new Random(seed);
            foreach (var tried in (string?[])[text, new string(random.GetItems<char>(Alphabet, random.Next(30))), Mutated(random)])
            {
                var isLadder = LadderSpec.TryParse(tried, out var ladder, out var error);
                isLadder.ShouldBe(error is null);
                (error?.All(c => c is >= ' ' and <= '~') ?? true).ShouldBeTrue(error);
                if (ladder is not null)
                {
                    LadderSpec.TryParse(ladder.ToString(), out var again, out _).ShouldBeTrue();
                    again.ShouldBe(ladder);
                }
            }
        }).Check(PropertyTest.Config);

    [Theory]
    [InlineData("720p", 1920, 1080, 1280, 720)]
    [InlineData("720p", 1080, 1920, 720, 1280)]
    [InlineData("720p", 1280, 720, 1280, 720)]
    [InlineData("1080p", 1279, 719, 1278, 718)]
    [InlineData("854x480", 1920, 1080, 854, 480)]
    [InlineData("852x480", 1920, 1080, 852, 480)]
    [InlineData("1280x720", 1440, 1080, 960, 720)]
    [InlineData("1280x720", 1080, 1920, 404, 720)]
    [InlineData("720x1280", 1920, 1080, 720, 404)]
    [InlineData("1280x720", 2560, 1080, 1280, 540)]
    [InlineData("16x16", 8192, 1, 16, 2)]
    public void Video_is_scaled_into_a_rung_with_its_aspect_ratio(string size, int width, int height, int across, int down)
    {
        LadderSpec.TryParse(size + "@1M", out var ladder, out _).ShouldBeTrue();
        ladder.Rungs[0].Fit(width, height).ShouldBe((across, down));
    }

    [Fact]
    public void Scaled_video_never_exceeds_its_rung_or_source_and_has_even_dimensions() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue - 1).ToArbitrary(), seed =>
        {
            var random = new Random(seed);
            var (rung, width, height) = (Rung(random), random.Next(2, 8193), random.Next(2, 8193));
            var (across, down) = rung.Fit(width, height);
            (across % 2, down % 2).ShouldBe((0, 0));
            (across >= 2 && down >= 2 && across <= width && down <= height).ShouldBeTrue();
            (rung.Width == 0 ? Math.Min(across, down) <= rung.Height : across <= rung.Width && down <= rung.Height).ShouldBeTrue();
        }).Check(PropertyTest.Config);

    private static RungSpec Rung(Random random) =>
        new(random.Next(3) == 0 ? 0 : random.Next(8, 2049) * 2, random.Next(8, 2049) * 2, random.Next(2) * random.Next(1, 241),
            random.Next(100, 50_001) * 1000);

    private static string Written(RungSpec rung, Random random)
    {
        var text = random.Next(2) == 0 ? rung.ToString()
            : FormattableString.Invariant($"{rung.Name}@{rung.BitsPerSecond / 1_000_000m:0.###}M");
        return random.Next(2) == 0 ? text : text.ToUpperInvariant();
    }

    private static string Mutated(Random random)
    {
        var text = $"{Rung(random)},{Rung(random)}".ToCharArray();
        text[random.Next(text.Length)] = (char)random.Next(32, 127);
        return new string(text);
    }
}
