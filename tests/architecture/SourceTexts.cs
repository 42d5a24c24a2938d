using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Broadcast.Architecture.Tests;

/// <summary>A piece of text of a source file.</summary>
internal readonly record struct SourceText(TextKind Kind, string Text, int Line);

/// <summary>Splits source files into identifiers, comments and strings.</summary>
internal static partial class SourceTexts
{
    /// <summary>Pieces of a C# file.</summary>
    public static IEnumerable<SourceText> OfCSharp(string source)
    {
        var root = CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Preview, DocumentationMode.Parse)).GetRoot();
        foreach (var token in root.DescendantTokens())
        {
            if (token.IsKind(SyntaxKind.IdentifierToken))
            {
                yield return new(token.Parent is BaseTypeDeclarationSyntax
                    or DelegateDeclarationSyntax ? TextKind.TypeName : TextKind.Identifier,
                    token.ValueText, LineOf(token.GetLocation()));
            }
            else if (IsString(token.Kind()))
            {
                yield return new(TextKind.String, token.ValueText, LineOf(token.GetLocation()));
            }
        }

        foreach (var trivia in root.DescendantTrivia())
        {
            if (trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) || trivia.IsKind(SyntaxKind.MultiLineCommentTrivia))
            {
                yield return new(TextKind.Comment, Prose(trivia.ToString()), LineOf(trivia.GetLocation()));
            }
            else if (trivia.GetStructure() is DocumentationCommentTriviaSyntax documentation)
            {
                var line = LineOf(trivia.GetLocation());
                yield return new(TextKind.Comment, Prose(documentation.ToString()), line);
                foreach (var summary in documentation.Content.OfType<XmlElementSyntax>()
                    .Where(e => e.StartTag.Name.ToString() == "summary"))
                {
                    yield return new(TextKind.Summary, Prose(summary.Content.ToString()).Trim(), line);
                }
            }
        }
    }

    /// <summary>Pieces of a TypeScript file or of a shell script. A quote without its partner on the same line is plain text.</summary>
    public static IEnumerable<SourceText> OfScript(string source, bool isShell)
    {
        var line = 1;
        foreach (Match match in (isShell ? ShellPieces() : ScriptPieces()).Matches(source))
        {
            var kind = match.Groups["comment"].Success ? TextKind.Comment : match.Groups["string"]
                .Success ? TextKind.String : TextKind.Identifier;
            yield return new(kind, match.Value, line + source.AsSpan(0, match.Index).Count('\n'));
        }
    }

    /// <summary>Lines of a Markdown file outside of code blocks, without code spans, link targets and quotations.</summary>
    public static IEnumerable<SourceText> OfMarkdown(string source)
    {
        var isCode = false;
        var number = 0;
        foreach (var line in source.Split('\n'))
        {
            number++;
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if (!isCode)
            {
                yield return new(TextKind.Markdown, NotProse().Replace(line, " "), number);
            }
        }
    }

    /// <summary>
    /// Comments of a file whose language has no parser here, by the file's extension. Consecutive comment lines are one comment.
    /// </summary>
    public static IEnumerable<SourceText> CommentsOf(string source, string extension)
    {
        var pattern = extension switch
        {
            ".sql" => SqlComments(),
            ".css" => BlockComments(),
            ".html" or ".csproj" or ".props" => MarkupComments(),
            _ => HashComments(),
        };
        foreach (Match match in pattern.Matches(source))
        {
            var text = NotProse().Replace(CommentMarkers().Replace(match.Value, " "), " ");
            yield return new(TextKind.Comment, text, 1 + source.AsSpan(0, match.Index).Count('\n'));
        }
    }

    /// <summary>
    /// Numbers of the lines of a C# file that are longer than a limit, except lines that begin with a string literal or have one at that
    /// column.
    /// </summary>
    public static IEnumerable<int> LongLinesOfCSharp(string source, int columns)
    {
        if (!source.Split('\n').Any(line => line.Length > columns))
        {
            yield break;
        }

        var tree = CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Preview));
        var root = tree.GetRoot();
        foreach (var line in tree.GetText().Lines.Where(line => line.Span.Length > columns))
        {
            var text = line.ToString();
            var begin = line.Start + text.Length - text.TrimStart(' ', '+').Length;
            if (!IsLiteralAt(root, begin) && !IsLiteralAt(root, line.Start + columns))
            {
                yield return line.LineNumber + 1;
            }
        }
    }

    /// <summary>Numbered lines of a Markdown file that are neither code, table rows, link definitions nor a link alone.</summary>
    public static IEnumerable<(int Number, string Text)> ProseLinesOfMarkdown(string source)
    {
        var isCode = false;
        foreach (var (index, line) in source.Split('\n').Index())
        {
            if (line.TrimStart().StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if (!isCode && !line.TrimStart().StartsWith('|') && !LinkLine().IsMatch(line))
            {
                yield return (index + 1, line);
            }
        }
    }

    private static bool IsLiteralAt(SyntaxNode root, int position)
    {
        var token = root.FindToken(position);
        return token.Span.Contains(position)
            && (IsString(token.Kind()) || token.Parent!.AncestorsAndSelf().OfType<InterpolatedStringExpressionSyntax>().Any());
    }

    private static string Prose(string documentation) => NotProse().Replace(Tags().Replace(documentation, " "), " ");

    private static int LineOf(Location location) => location.GetLineSpan().StartLinePosition.Line + 1;

    private static bool IsString(SyntaxKind kind) => kind is SyntaxKind.StringLiteralToken or SyntaxKind.InterpolatedStringTextToken
        or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken or SyntaxKind.Utf8StringLiteralToken
        or SyntaxKind.Utf8SingleLineRawStringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken;

    [GeneratedRegex(@"<(?<tag>c|code)>.*?</\k<tag>>|<[^>]*>|^\s*///", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Tags();

    [GeneratedRegex(@"^\s*(?:[-*] )?!?\[[^\]]*\](?:\([^)]*\)|:.*)[.,;]?$")]
    private static partial Regex LinkLine();

    [GeneratedRegex(@"`[^`]*`|\]\([^)]*\)|""[^""]*""")]
    private static partial Regex NotProse();

    [GeneratedRegex(
        @"(?<comment>//[^\n]*|/\*.*?\*/)|(?<string>""(?:[^""\\\n]|\\.)*""|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|[A-Za-z_$][\w$]*",
        RegexOptions.Singleline)]
    private static partial Regex ScriptPieces();

    [GeneratedRegex(@"--[^\n]*(?:\n[ \t]*--[^\n]*)*")]
    private static partial Regex SqlComments();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex BlockComments();

    [GeneratedRegex("<!--.*?-->", RegexOptions.Singleline)]
    private static partial Regex MarkupComments();

    [GeneratedRegex(@"(?<=^|\s)\#[^\n]*(?:\n[ \t]*\#[^\n]*)*", RegexOptions.Multiline)]
    private static partial Regex HashComments();

    [GeneratedRegex(@"(?:^|\n)[ \t]*(?:--|\#)[ \t]*")]
    private static partial Regex CommentMarkers();

    [GeneratedRegex(@"(?<comment>(?<=^|\s)\#[^\n]*)|(?<string>""(?:[^""\\]|\\.)*""|'[^']*')|[A-Za-z_]\w*", RegexOptions.Singleline)]
    private static partial Regex ShellPieces();
}
