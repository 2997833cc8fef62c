// A strict reader of the XML that an SVG file takes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace w2s::test {

struct XmlElement {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string text;  ///< directly in it, the pieces joined
};

/// All elements of a document, in the order of their start tags; the first is the root. Throws std::runtime_error with
/// the place where the document is not well-formed. Refuses, though XML has them: document types, processing
/// instructions, CDATA and every entity but the predefined and numeric ones.
[[nodiscard]] std::vector<XmlElement> xml_elements(std::string_view document);

}  // namespace w2s::test
