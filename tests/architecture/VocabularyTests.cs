using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>
/// Names, comments, texts and documentation use the terms of <c>docs/glossary.md</c>. <c>vocabulary.json</c> contains the rules, and the
/// permitted number of remaining hits for each rule and folder, which may only fall.
/// </summary>
public sealed class VocabularyTests
{
    private static readonly VocabularyRules Vocabulary = VocabularyRules.Load();

    [Fact]
    public void No_banned_word_is_used()
    {
        var hits = Hits().ToList();
        var counts = hits.CountBy(hit => $"{hit.Rule.Name}: {hit.Module}").ToDictionary(StringComparer.Ordinal);
        var tooMany = counts.Where(count => count.Value > Vocabulary.Allowed.GetValueOrDefault(count.Key)).Select(count => count.Key)
            .ToHashSet(StringComparer.Ordinal);
        var report = hits.Where(hit => tooMany.Contains($"{hit.Rule.Name}: {hit.Module}"))
            .Select(hit => $"{hit.File}:{hit.Line}: '{hit.Word}' ({hit.Rule.Name}); use {hit.Rule.Use}")
            .Distinct(StringComparer.Ordinal).ToList();
        if (Environment.GetEnvironmentVariable("BROADCAST_VOCABULARY_REPORT") is { Length: > 0 } path)
        {
            File.WriteAllLines(path, report);
        }

        report.Take(100).ShouldBeEmpty($"{report.Count} uses of banned words");
        Vocabulary.Allowed.Where(allowed => counts.GetValueOrDefault(allowed.Key) < allowed.Value).Select(allowed => allowed.Key)
            .ShouldBeEmpty("fewer hits than vocabulary.json allows: lower the number");
    }

    [Theory]
    [InlineData("frame", "int picturesPerSecond;")]
    [InlineData("audio", "int firstSound;")]
    [InlineData("private words", "int retryPatience;")]
    [InlineData("private verbs", "void TellClients();")]
    [InlineData("metaphors", "class ChannelDoor;")]
    [InlineData("frame in prose", "// The first picture of a segment.")]
    [InlineData("audio in prose", "var x = \"no sound\";")]
    [InlineData("translated phrases", "/// <remarks>The encoder is told.</remarks>\nclass X;")]
    [InlineData("translated words", "// Somebody publishes.")]
    [InlineData("replaced terms", "// A seat is free.")]
    [InlineData("summary begins with a noun phrase or a verb", "/// <summary>What a viewer gets.</summary>\npublic class X;")]
    public void Each_vocabulary_rule_finds_its_banned_terms(string rule, string source)
    {
        var found = Vocabulary.Rules.Single(r => r.Name == rule);
        SourceTexts.OfCSharp(source).Any(text => Applies(found, text) && found.Match(text.Text) is not null).ShouldBeTrue();
    }

    [Theory]
    [InlineData(".sql", "SELECT 1; -- It is\n  -- told.")]
    [InlineData(".css", "a { color: red; } /* A nice\n * picture. */")]
    [InlineData(".html", "<p>x</p><!-- A nice picture. -->")]
    [InlineData(".csproj", "<Project><!-- A nice picture. --></Project>")]
    [InlineData(".yml", "a: b # A nice picture.")]
    [InlineData(".vcl", "  # It is\n  # told.")]
    [InlineData("", "FROM x\n# A nice picture.")]
    public void Banned_words_are_found_in_comments_of_other_languages(string extension, string source) =>
        SourceTexts.CommentsOf(source, extension).Any(text => Vocabulary.Rules.Any(rule => rule.Languages.Contains("sh")
            && Applies(rule, text) && rule.Match(text.Text) is not null)).ShouldBeTrue();

    [Theory]
    [InlineData("int pictureInPicture;")]
    [InlineData("// A picture parameter set.")]
    [InlineData("// Sees `picture` in JSON.")]
    [InlineData("/// <summary>Frames of <c>picture</c>.</summary>\nclass X;")]
    [InlineData("int hooked2webhooks; // webhooks")]
    public void Standard_terms_pass_every_vocabulary_rule(string source) =>
        SourceTexts.OfCSharp(source).Where(text => Vocabulary.Rules.Any(rule => Applies(rule, text) && rule.Match(text.Text) is not null))
            .Select(text => text.Text).Where(text => text != "hooked2webhooks").ShouldBeEmpty();

    private static bool Applies(VocabularyRule rule, SourceText text) => rule.Kinds.Contains(text.Kind);

    private static IEnumerable<(VocabularyRule Rule, string Module, string File, int Line, string Word)> Hits()
    {
        foreach (var (file, language) in Files())
        {
            var source = Sources.Text(file);
            var texts = language switch
            {
                "cs" => SourceTexts.OfCSharp(source),
                "md" => SourceTexts.OfMarkdown(source),
                "comments" => SourceTexts.CommentsOf(source, Path.GetExtension(file)),
                _ => SourceTexts.OfScript(source, isShell: language == "sh"),
            };
            foreach (var text in texts)
            {
                // The comments of other languages follow the rules for comments of shell scripts.
                var rulesOf = language == "comments" ? "sh" : language;
                foreach (var rule in Vocabulary.Rules.Where(rule => rule.Languages.Contains(rulesOf) && Applies(rule, text)))
                {
                    if (rule.Match(text.Text) is { } word)
                    {
                        yield return (rule, Module(file), file, text.Line, word);
                    }
                }
            }
        }
    }

    private static IEnumerable<(string File, string Language)> Files()
    {
        var exempt = new[] { "tests/architecture/VocabularyTests.cs", "tests/architecture/vocabulary.json", "docs/glossary.md",
            "dashboard/src/api/schema.d.ts",
            "host/Configuration/RenamedOptions.cs" };
        foreach (var (pattern, language) in new[] { ("*.cs", "cs"), ("*.ts", "ts"), ("*.tsx", "ts"), ("*.md", "md"), ("*.sh", "sh"),
            ("*.mjs", "ts"), ("*.js", "ts"), ("*.sql", "comments"), ("*.css", "comments"), ("*.html", "comments"), ("*.csproj", "comments"),
            ("*.props", "comments"), ("*.yml", "comments"), ("*.conf", "comments"), ("*.vcl", "comments"), ("*.sample", "comments"),
            ("Dockerfile", "comments"), (".editorconfig", "comments"), (".dockerignore", "comments"), (".npmrc", "comments") })
        {
            foreach (var file in Sources.Files("", pattern).Where(file => !exempt.Contains(file, StringComparer.Ordinal)))
            {
                yield return (file, language);
            }
        }

        yield return ("broadcast", "sh");
    }

    private static string Module(string file)
    {
        var parts = file.Split('/');
        return parts.Length == 1 ? "." : parts[0] == "tests" ? $"tests/{parts[1]}" : parts[0];
    }
}
