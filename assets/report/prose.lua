-- What may stand in the text of a report: no raw markup, no picture, no link that runs anything.

function RawInline(element)
  return pandoc.Str(element.text)
end

function RawBlock(element)
  return pandoc.Para({ pandoc.Str(element.text) })
end

function Image(element)
  error('the text shows the picture "' .. element.src .. '"; show it through a figure output instead', 0)
end

function Link(element)
  local scheme = element.target:match('^%s*(%a[%w+.-]*):')
  if scheme and not ({ http = true, https = true, mailto = true })[scheme:lower()] then
    return element.content
  end
end

-- A formula in a PDF carries its TeX for those who listen to the page.
function Math(element)
  if FORMAT == 'typst' then
    local formula = pandoc.write(pandoc.Pandoc({ pandoc.Plain({ element }) }), 'typst'):gsub('%s+$', '')
    local spoken = element.text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('%s+', ' ')
    local block = element.mathtype == 'DisplayMath' and 'true' or 'false'
    return pandoc.RawInline('typst', '#math.equation(block: ' .. block .. ', alt: "' .. spoken .. '", ' .. formula .. ');')
  end
end

-- An entry of the references hangs its lines and stays with its neighbours.
local function is_reference(element)
  local first = element.content[1]
  return first and first.t == 'Str' and first.text:match('^%[%d+%]$')
end

-- A paragraph with file names in it is not justified.
function Para(element)
  if FORMAT == 'typst' then
    if is_reference(element) then
      return { pandoc.RawBlock('typst', '#reference['), element, pandoc.RawBlock('typst', ']') }
    end
    for _, inline in ipairs(element.content) do
      if inline.t == 'Code' then
        return { pandoc.RawBlock('typst', '#ragged['), element, pandoc.RawBlock('typst', ']') }
      end
    end
  end
end
