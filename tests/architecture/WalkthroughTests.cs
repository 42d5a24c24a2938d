using System.Text.RegularExpressions;
using Broadcast.Testing;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Shouldly;
using Xunit;

namespace Broadcast.Architecture.Tests;

/// <summary>Agreement of <c>docs/walkthrough.md</c> with the code: it names existing types, and a frame's path does not grow.</summary>
public sealed partial class WalkthroughTests
{
    private const string Page = "docs/walkthrough.md";

    /// <summary>Maximum number of types on a frame's path. The aim is 25; this number may only fall.</summary>
    private const int MaxFrameTypes = 36;

    [Fact]
    public void Every_link_to_code_names_a_type_declared_in_that_file()
    {
        var text = Sources.Text(Page);
        CodeLinks(text).Count().ShouldBeGreaterThan(100, "the pattern of this test no longer fits the page");
        Errors(text).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("[`ChunkReeder`](../ingest/Rtmp/Chunks/ChunkReader.cs)")]
    [InlineData("[`ChunkReader`](../ingest/Rtmp/Chunks/ChunkStream.cs)")]
    [InlineData("[`ChunkReader`](../ingest/Rtmp/Chunks/ChunkReeder.cs)")]
    [InlineData("[`TryRead`](../ingest/Rtmp/Chunks/ChunkReader.cs)")]
    [InlineData("[`PartReady`](../media/Timeline/TimelineEvent.cs)")]
    [InlineData("[ChunkReader](../ingest/Rtmp/Chunks/ChunkReader.cs)")]
    [InlineData("[`ChunkReader`](../ingest/Rtmp/Chunks/ChunkReeder.cs#L1)")]
    public void A_link_that_names_no_type_of_its_file_is_an_error(string link) => Errors(link).ShouldHaveSingleItem();

    [Theory]
    [InlineData("[`ChunkReader`](../ingest/Rtmp/Chunks/ChunkReader.cs)")]
    [InlineData("[`TimelineEvent.PartReady`](../media/Timeline/TimelineEvent.cs)")]
    [InlineData("[`Rendition`](../media/TranscoderToPackager/IRenditionSink.cs) and [`RenditionSet`](../media/TranscoderToPackager/IRenditionSink.cs)")]
    [InlineData("[events](events.md)")]
    public void A_link_that_names_a_type_of_its_file_is_correct(string link) => Errors(link).ShouldBeEmpty();

    [Fact]
    public void Both_paths_are_numbered_and_state_their_number_of_types()
    {
        var (frame, @event) = (Section("A frame"), Section("An event"));
        Numbers(frame).ShouldBe(Enumerable.Range(1, NumberedTypes(frame).Count));
        Numbers(@event).ShouldBe(Enumerable.Range(1, NumberedTypes(@event).Count));
        NumberedTypes(frame).ShouldBeUnique();
        NumberedTypes(@event).ShouldBeUnique();
        OnOneLine(frame).ShouldContain($"The frame passes {NumberedTypes(frame).Count} types. The aim is 25;");
        OnOneLine(@event).ShouldContain($"The list has {NumberedTypes(@event).Count} types.");
    }

    [Fact]
    public void Path_of_a_frame_does_not_grow() =>
        NumberedTypes(Section("A frame")).Count.ShouldBe(MaxFrameTypes, "merge types instead of adding one; lower the limit after a merge");

    [Theory]
    [InlineData("ingest")]
    [InlineData("transcoder")]
    [InlineData("packager")]
    [InlineData("storage")]
    [InlineData("origin")]
    [InlineData("control")]
    public void Every_stage_has_a_numbered_type(string module) =>
        NumberedTypes(Section("A frame")).Concat(NumberedTypes(Section("An event")))
            .Count(type => type.StartsWith($"../{module}/", StringComparison.Ordinal)).ShouldBeGreaterThan(0);

    /// <summary>Links to C# files that do not exist, or whose text is not the name of a type that the file declares.</summary>
    private static List<string> Errors(string markdown)
    {
        var errors = new List<string>();
        foreach (var (text, target) in CodeLinks(markdown))
        {
            var path = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Repository.PathOf(Page))!, target));
            if (!File.Exists(path))
            {
                errors.Add($"{target} does not exist");
            }
            else if (!TypesIn(File.ReadAllText(path)).Select(name => $"`{name}`").Contains(text, StringComparer.Ordinal))
            {
                errors.Add($"{target} declares no type {text}");
            }
        }

        return errors;
    }

    /// <summary>Names of the types that a file declares, nested ones with the names of their outer types.</summary>
    private static IEnumerable<string> TypesIn(string source) =>
        CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Preview)).GetRoot()
            .DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
            .Select(type => type.AncestorsAndSelf().OfType<BaseTypeDeclarationSyntax>().Reverse()
                .Select(outer => outer.Identifier.ValueText))
            .Select(names => string.Join('.', names));

    private static IEnumerable<(string Text, string Target)> CodeLinks(string markdown) => Link().Matches(markdown)
        .Select(link => (Text: link.Groups["text"].Value, Target: link.Groups["to"].Value.Split('#')[0]))
        .Where(link => link.Target.EndsWith(".cs", StringComparison.Ordinal));

    private static string Section(string heading)
    {
        var sections = SecondLevelHeading().Split(Sources.Text(Page));
        return sections.Single(section => section.StartsWith($"{heading}\n", StringComparison.Ordinal));
    }

    /// <summary>Numbers of the numbered list items, whether they begin with a type or not.</summary>
    private static IEnumerable<int> Numbers(string section) =>
        NumberedItem().Matches(section).Select(item => int.Parse(item.Groups["number"].Value));

    /// <summary>Numbered types as link targets with names.</summary>
    private static List<string> NumberedTypes(string section) =>
    [
        .. NumberedItem().Matches(section).Where(item => item.Groups["to"].Success)
            .Select(item => $"{item.Groups["to"].Value} {item.Groups["text"].Value}"),
    ];

    private static string OnOneLine(string text) => text.Replace('\n', ' ');

    [GeneratedRegex(@"\[(?<text>[^\]]*)\]\((?<to>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^## ", RegexOptions.Multiline)]
    private static partial Regex SecondLevelHeading();

    [GeneratedRegex(@"^(?<number>\d+)\. (?:\[`(?<text>[^`]+)`\]\((?<to>[^)\s]+\.cs)\))?", RegexOptions.Multiline)]
    private static partial Regex NumberedItem();
}
